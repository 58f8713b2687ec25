import type { LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import {
  checkedLookup,
  isPublicAddress,
  publicLookup,
  requirePublicHost,
} from '../../../src/platform/webhooks/addresses.js';
import { faultOfTarget } from '../../../src/platform/webhooks/target.js';

const PRIVATE: readonly string[] = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '127.0.0.1',
  '127.255.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '100.100.100.200',
  '100.127.255.255',
  '168.63.129.16',
  '192.0.0.192',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '192.88.99.1',
  '::',
  '::1',
  'fe80::1',
  'fe80::1%eth0',
  'fc00::1',
  'fd00:ec2::254',
  'fec0::1',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:8.8.8.8',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::a00:1',
  '2002:7f00:1::',
  '2001:0:7f00:1::',
  '2001:db8::1',
  '3fff::1',
  '100::1',
  '',
  'localhost',
  '127.1',
  '8.8.8.8 ',
  '1.2.3',
];

const PUBLIC: readonly string[] = [
  '8.8.8.8',
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '192.169.0.0',
  '169.253.255.255',
  '169.255.0.0',
  '223.255.255.255',
  '126.255.255.255',
  '128.0.0.0',
  '2606:4700:4700::1111',
  '2a00:1450:4001::1',
  '2001:4860:4860::8888',
  '2003::1',
];

const lookUp = (name: string, options: LookupOptions, lookup: LookupFunction = publicLookup): Promise<unknown> =>
  new Promise((resolve, reject) => {
    lookup(name, options, (error, addresses, family) => (error ? reject(error) : resolve([addresses, family])));
  });

describe('the addresses to which webhooks are sent', () => {
  it.each(PRIVATE)('do not include %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(PUBLIC)('include %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it('are checked behind a name: one that resolves to this machine is refused, in both forms of a look-up', async () => {
    await expect(lookUp('localhost', {})).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
    await expect(lookUp('localhost', { all: true })).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
  });

  it('are handed to the socket as it asks for them, so that it asks no second time', async () => {
    expect(await lookUp('8.8.8.8', {})).toEqual(['8.8.8.8', 4]);
    expect(await lookUp('8.8.8.8', { all: true })).toEqual([[{ address: '8.8.8.8', family: 4 }], undefined]);
    await expect(lookUp('no-such-name.invalid', {})).rejects.toMatchObject({ syscall: 'getaddrinfo' });
  });

  it('are refused if one address of a name is public and another is not', async () => {
    const mixed = [
      { address: '8.8.8.8', family: 4 },
      { address: '::1', family: 6 },
    ];
    const lookup = checkedLookup((_name, _options, done) => done(null, mixed));
    await expect(lookUp('two.example', { all: true }, lookup)).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
    const none = checkedLookup((_name, _options, done) => done(null, []));
    await expect(lookUp('none.example', { all: true }, none)).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
  });

  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://0x7f000001/',
    'http://2130706433/',
    'http://017700000001/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[fd00::1]/',
    'http://0/',
    'http://169.254.169.254/',
  ])('are checked in any spelling of a URL: %s', (text) => {
    expect(() => requirePublicHost(new URL(text))).toThrow(expect.objectContaining({ code: 'ADDRESS_REFUSED' }));
    expect(faultOfTarget(text, { plainHttp: true, privateAddresses: false })).toMatch(/private network/);
    expect(faultOfTarget(text, { plainHttp: true, privateAddresses: true })).toBeUndefined();
  });
});

describe('the URL of an endpoint', () => {
  const STRICT = { plainHttp: false, privateAddresses: false };

  it.each(['https://shop.example.com/hooks?a=b', 'https://8.8.8.8:8443/', 'https://xn--bcher-kva.example/'])(
    'may be %s',
    (text) => {
      expect(faultOfTarget(text, STRICT)).toBeUndefined();
    },
  );

  it.each([
    ['http://shop.example.com/', /begins with https/],
    ['ftp://shop.example.com/', /begins with https/],
    ['https://user:password@shop.example.com/', /no user/],
    ['https://user@shop.example.com/', /no user/],
    ['https://shop.example.com/#part', /no fragment/],
    ['https://localhost/', /private network/],
    ['https://api.localhost./', /private network/],
    ['https://metadata.google.internal/', /private network/],
    ['https://printer.local/', /private network/],
    ['shop.example.com', /is a URL/],
    ['https://', /is a URL/],
    ['https://shop.example.com/a b', /is a URL/],
    ['https://shop.example.com/\n', /is a URL/],
    [`https://shop.example.com/${'a'.repeat(2_000)}`, /at most 2000/],
  ])('may not be %s', (text, fault) => {
    expect(faultOfTarget(text, STRICT)).toMatch(fault);
  });
});
