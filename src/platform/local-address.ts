/** Addresses of our own processes, as they are called on this machine. */
import net from 'node:net';

const EVERYWHERE = ['0.0.0.0', '::', '127.0.0.1'];

/** `host:port` of what listens on `host`; where that is every address, or the loopback one, it is `loopback`. */
export function localAddress(host: string, port: number, loopback = '127.0.0.1'): string {
  const name = EVERYWHERE.includes(host) ? loopback : host;
  return `${net.isIPv6(name) ? `[${name}]` : name}:${port}`;
}
