/**
 * The addresses that a webhook may be sent to. Endpoints are named by others, so without this check the sender would be
 * a way into the network that it runs in (server-side request forgery). The check is made on the address that the socket
 * connects to, after the name was resolved, so that a name whose answer changes between two look-ups does not pass
 * (DNS rebinding).
 */
import dns from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** IPv4 networks that are not the public internet: https://www.iana.org/assignments/iana-ipv4-special-registry */
const CLOSED_IPV4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  // Carrier-grade NAT; a cloud's metadata at 100.100.100.200 is in it.
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Link-local; most clouds' metadata at 169.254.169.254 is in it.
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast, reserved, broadcast.
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // A public address at which a cloud answers its own machines.
  ['168.63.129.16', 32],
];

/**
 * Of IPv6 only global unicast is open, 2000::/3: loopback, unique local, link-local, IPv4-mapped and NAT64 addresses lie
 * outside of it. The networks here lie inside, and are tunnels (which may carry any IPv4 address) or documentation.
 */
const CLOSED_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const closed = new BlockList();
for (const [network, prefix] of CLOSED_IPV4) closed.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of CLOSED_IPV6) closed.addSubnet(network, prefix, 'ipv6');

const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

/** True of an address of the public internet. False of anything that is no address, and of IPv6 with a zone. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !closed.check(address, 'ipv4');
  if (family !== 6 || address.includes('%')) return false;
  return globalUnicast.check(address, 'ipv6') && !closed.check(address, 'ipv6');
}

/** The code of `AddressRefusedError`. */
export const ADDRESS_REFUSED = 'ADDRESS_REFUSED';

/** The endpoint's name resolves to an address that the sender may not connect to. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
  readonly code = ADDRESS_REFUSED;
}

/** The host of a URL as `node:net` writes it: an IPv6 address without its brackets. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

/**
 * A host that is an address is never looked up, so it is checked by itself.
 *
 * @throws AddressRefusedError
 */
export function requirePublicHost(url: URL): void {
  const host = hostOf(url);
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw new AddressRefusedError('the address is not a public one');
}

/** The resolver's question for all addresses of a name. */
type Resolve = (
  hostname: string,
  options: dns.LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: dns.LookupAddress[]) => void,
) => void;

/**
 * `lookup` of a socket: resolves a name, and fails with `AddressRefusedError` if one of its addresses is not public.
 * The socket connects to the addresses that this returns, and asks no second time.
 */
export const checkedLookup =
  (resolve: Resolve): LookupFunction =>
  (hostname, options, callback) =>
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => isPublicAddress(address))) {
        return callback(new AddressRefusedError('the name resolves to an address that is not public'), []);
      }
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
    });

export const publicLookup: LookupFunction = checkedLookup(dns.lookup);
