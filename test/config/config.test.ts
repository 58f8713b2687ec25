import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { requireAuth } from '../../src/config/refusals.js';
import { loadConfig } from '../../src/config/config.js';
import { parseDuration } from '../../src/config/durations.js';
import { StartError } from '../../src/platform/start-error.js';
import { connectTemporal } from '../../src/platform/temporal/namespace.js';
import { temporalTarget } from '../../src/platform/temporal/target.js';

describe('the configuration', () => {
  it('has the standard ports and time-outs if nothing is set', () => {
    const config = loadConfig({});
    expect(config.apiPort).toBe(8000);
    expect(config.servicePorts).toEqual({ payment: 8001, inventory: 8002, shipping: 8003, notification: 8004 });
    expect(config.policy).toEqual({
      attemptTimeout: 10_000,
      stepTimeout: 300_000,
      retriableBudget: 86_400_000,
      compensationBudget: 86_400_000,
      deadline: 604_800_000,
      journal: true,
    });
    expect(config).toMatchObject({
      faultInjection: true,
      demoData: true,
      startServices: true,
      environment: 'development',
    });
  });

  it('lets the API take requests after the signal to stop for as long as a balancer needs, but not longer than a process lives then', () => {
    expect(loadConfig({}).drainMs).toBe(1_000);
    expect(loadConfig({ API_DRAIN_TIME: '20s' }).drainMs).toBe(20_000);
    expect(() => loadConfig({ API_DRAIN_TIME: '21s' })).toThrow(
      'API_DRAIN_TIME is longer than 20s: a process that stops is ended after 25s.',
    );
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ API_PORT: '', DATABASE_URL: '', FAULT_INJECTION: '' })).toEqual(loadConfig({}));
  });

  it('calls the bundled services on their ports, or the services at the given URLs', () => {
    const { services } = loadConfig({ PAYMENT_PORT: '9001', SHIPPING_URL: 'https://parcels.example.com/v1/' });
    expect(services.payment.url).toBe('http://127.0.0.1:9001');
    expect(services.shipping.url).toBe('https://parcels.example.com/v1');
  });

  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['10.0.0.5', '10.0.0.5'],
    ['::1', '[::1]'],
  ])('calls the bundled services where they listen: on %s that is %s', (LISTEN_HOST, host) => {
    expect(loadConfig({ LISTEN_HOST }).services.payment.url).toBe(`http://${host}:8001`);
  });

  it.each([
    ['MONGODB_URL', 'mongodbUrl', 'mongodb://u:p@a:27017,b:27018/shop?replicaSet=r'],
    ['KURRENTDB_URL', 'kurrentdbUrl', 'kurrentdb://admin:changeit@a:2113,b:2113?tls=true'],
  ])('takes several hosts in %s', (name, setting, value) => {
    expect(loadConfig({ [name]: value })).toEqual({ ...loadConfig({}), [setting]: value });
  });

  it('switches fault injection and demo data off in production', () => {
    expect(loadConfig({ NODE_ENV: 'production' })).toMatchObject({ faultInjection: false, demoData: false });
  });

  it.each([
    [{ API_PORT: '80a' }, /^API_PORT is "80a", but must be a port number from 0 to 65535/],
    [{ PG_PORT: '65536' }, /^PG_PORT is "65536", but must be a port number/],
    [{ API_PORT: '8001' }, /^PAYMENT_PORT and API_PORT are both 8001|^API_PORT and PAYMENT_PORT are both 8001/],
    [{ SAGA_DEADLINE: '7 days' }, /^SAGA_DEADLINE is "7 days", but must be a duration such as 7d/],
    [{ SAGA_DEADLINE: '1ms' }, /^SAGA_DEADLINE is "1ms", but must be a duration such as 7d \(.*at least 10s/],
    [{ SAGA_STUCK_AFTER: '1s' }, /^SAGA_STUCK_AFTER is "1s", but must be a duration such as 10m \(.*at least 10s/],
    [{ SAGA_ATTEMPT_TIMEOUT: '10ms' }, /^SAGA_ATTEMPT_TIMEOUT is "10ms", but must be .*at least 100ms/],
    [{ SAGA_ATTEMPT_TIMEOUT: '2m', SAGA_DEADLINE: '1m' }, /^SAGA_DEADLINE is shorter than one attempt/],
    [{ SAGA_STEP_TIMEOUT: '0s' }, /^SAGA_STEP_TIMEOUT is "0s"/],
    [{ SAGA_STEP_TIMEOUT: '5s' }, /^SAGA_ATTEMPT_TIMEOUT \(10s\) is longer than SAGA_STEP_TIMEOUT \(5s\)/],
    [{ NODE_ENV: 'staging' }, /^NODE_ENV is "staging", but must be development, test or production\.$/],
    [{ NODE_ENV: 'production', FAULT_INJECTION: 'on' }, /^FAULT_INJECTION is on, which NODE_ENV=production refuses/],
    [{ NODE_ENV: 'production', AUTH: 'off' }, /^AUTH is off, which NODE_ENV=production refuses: .*AUTH_JWKS_URL/],
    [{ AUTH: 'on' }, /^AUTH is on, and there is nothing to know a caller by: set AUTH_JWKS_URL/],
    [{ AUTH_ISSUER: 'https://login/' }, /^AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE belong together/],
    [{ AUTH_API_KEYS: 'shop:operator:abc' }, /^AUTH_API_KEYS must be name:role:hash/],
    [{ AUTH_API_KEYS: `shop:boss:${'a'.repeat(64)}` }, /must be name:role:hash/],
    [{ API_RATE_LIMIT: '0' }, /^API_RATE_LIMIT is "0", but must be off, or how many requests a minute/],
    [{ NODE_ENV: 'production', DEMO_DATA: 'on' }, /^DEMO_DATA is on, which NODE_ENV=production refuses/],
    [{ START_SERVICES: 'no' }, /^START_SERVICES is "no", but must be true or false\.$/],
    [{ INVENTORY_URL: 'localhost:8002' }, /^INVENTORY_URL must be a URL such as http/],
    [{ KAFKA_BROKERS: 'broker:99999' }, /^KAFKA_BROKERS must be host:port/],
    [{ MONGODB_URL: 'mongodb://' }, /^MONGODB_URL must be a URL such as mongodb/],
    [{ PAYMENT_URL: 'http://a:1,b:2/' }, /^PAYMENT_URL must be a URL such as http/],
    [{ AUTH_ISSUER: 'not a URL' }, /^AUTH_ISSUER must be what tokens name as their issuer/],
    [{ AUTH_AUDIENCE: ' ' }, /^AUTH_AUDIENCE must be what tokens name as their audience/],
    [{ KAFKA_BROKERS: 'broker' }, /^KAFKA_BROKERS must be host:port/],
    [
      { SAGA_APPROVAL_ABOVE: '500 EUR' },
      /^SAGA_APPROVAL_ABOVE is "500 EUR", but must be an amount with its currency's own/,
    ],
  ])('tells what is wrong with %j in one sentence', (env, sentence) => {
    expect(() => loadConfig(env)).toThrow(StartError);
    expect(() => loadConfig(env)).toThrow(sentence);
  });

  it.each([
    ['500.00 EUR', [{ amount: 50_000, currency: 'EUR' }]],
    [
      '500.00 EUR, 100000 JPY',
      [
        { amount: 50_000, currency: 'EUR' },
        { amount: 100_000, currency: 'JPY' },
      ],
    ],
    [
      ' 0.00 EUR ,1.5000 CLF,  2.500  BHD ',
      [
        { amount: 0, currency: 'EUR' },
        { amount: 15_000, currency: 'CLF' },
        { amount: 2_500, currency: 'BHD' },
      ],
    ],
    ['500.00 EUR,', undefined],
    ['100000.00 JPY', undefined],
    ['1.50 CLF', undefined],
    ['2.50 BHD', undefined],
    ['2.500 EUR', undefined],
    ['500.00 EUR, 600.00 EUR', undefined],
    ['500.00EUR', undefined],
    ['-1.00 EUR', undefined],
    ['1e3 JPY', undefined],
    ['999999999999999.00 EUR', undefined],
    [',', undefined],
  ])('takes "%s" as the limits of an approval only in the decimals of each currency (P3)', (text, limits) => {
    const load = () => loadConfig({ SAGA_APPROVAL_ABOVE: text }).policy.approvalAbove;
    if (limits) expect(load()).toEqual(limits);
    else expect(load).toThrow(/^SAGA_APPROVAL_ABOVE .*must be an amount with its/);
  });

  it('tells every variable that is wrong at once', () => {
    expect(() => loadConfig({ API_PORT: 'x', SAGA_DEADLINE: 'y' })).toThrow(
      /API_PORT is "x".*\n.*SAGA_DEADLINE is "y"/,
    );
  });

  it.each([
    ['SAGA_STEP_TIMEOUTS', 'SAGA_STEP_TIMEOUT'],
    ['API_RATELIMIT', 'API_RATE_LIMIT'],
    ['AUTH_JWKS_URI', 'AUTH_JWKS_URL'],
    ['KAFKA_BROKER', 'KAFKA_BROKERS'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['TEMPORAL_ADRESS', 'TEMPORAL_ADDRESS'],
    ['JOURNAL_DATABASE', 'JOURNAL_DATABASE_URL'],
    ['LISTEN_HOSTS', 'LISTEN_HOST'],
  ])('warns of %s, which nothing reads, and names the nearest name (O5)', (name, nearest) => {
    expect(loadConfig({ [name]: 's3cret' }).warnings).toEqual([
      `${name} is no variable that Unwind knows: the nearest name is ${nearest}.`,
    ]);
  });

  it("does not warn of other programs' variables (O5)", () => {
    const others = {
      PATH: '/bin',
      NODE_OPTIONS: '',
      NODE_VERSION: '24.11.1',
      TEMPORAL_UI_VERSION: '2.49.1',
      TEMPORAL_TLS_SERVER_NAME: 'x',
      POSTGRES_PASSWORD: 'unwind',
      PAYMENT_SERVICE_HOST: '10.0.0.1',
      PAYMENT_PORT_8001_TCP_ADDR: '10.0.0.1',
      UNWIND_CACHE_DIR: '/tmp',
      DATA: 'x',
    };
    expect(loadConfig(others).warnings).toEqual([]);
  });

  it('takes lists with blanks around their commas (O5)', () => {
    const hash = 'ab'.repeat(32);
    expect(loadConfig({ KAFKA_BROKERS: 'a:1, b:2 ,c:3' }).kafka?.brokers).toEqual(['a:1', 'b:2', 'c:3']);
    expect(loadConfig({ AUTH_API_KEYS: ` shop:operator:${hash}, till:customer:${hash} ` }).auth?.apiKeys).toEqual([
      { name: 'shop', role: 'operator', hash },
      { name: 'till', role: 'customer', hash },
    ]);
  });

  it('knows callers by tokens, by keys, or not at all, which the API refuses in production', () => {
    const tokens = { AUTH_JWKS_URL: 'https://l/keys', AUTH_ISSUER: 'https://l/', AUTH_AUDIENCE: 'unwind' };
    const hash = 'ab'.repeat(32);
    expect(loadConfig({ ...tokens, AUTH_API_KEYS: `shop:operator:${hash},till:customer:${hash}` }).auth).toEqual({
      tokens: { jwksUrl: 'https://l/keys', issuer: 'https://l/', audience: 'unwind', rolesClaim: 'roles' },
      apiKeys: [
        { name: 'shop', role: 'operator', hash },
        { name: 'till', role: 'customer', hash },
      ],
    });
    expect(loadConfig({ ...tokens, AUTH: 'off' }).auth).toBeUndefined();
    expect(() => requireAuth(loadConfig({}))).not.toThrow();
    expect(() => requireAuth(loadConfig({ NODE_ENV: 'production', ...tokens }))).not.toThrow();
    expect(() => requireAuth(loadConfig({ NODE_ENV: 'production' }))).toThrow(
      /^NODE_ENV=production, and the API does not know its callers: set AUTH_JWKS_URL/,
    );
  });

  it('limits callers in production by default, and otherwise as the setting says', () => {
    expect(loadConfig({}).requestsPerMinute).toBeUndefined();
    expect(loadConfig({ NODE_ENV: 'production' }).requestsPerMinute).toBe(600);
    expect(loadConfig({ NODE_ENV: 'production', API_RATE_LIMIT: 'off' }).requestsPerMinute).toBeUndefined();
    expect(loadConfig({ API_RATE_LIMIT: '20' }).requestsPerMinute).toBe(20);
  });
});

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', '5', '-5m', '1.5h', '5 m', '5M', 'm', '0ms', '3651d', '99999999999999999999d'])('is not %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe('the Temporal server that is meant', () => {
  // Nothing of the machine's own temporal.toml is read.
  const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-config-'));
  const nowhere = { TEMPORAL_CONFIG_FILE: path.join(folder, 'temporal.toml') };
  writeFileSync(nowhere.TEMPORAL_CONFIG_FILE, '[profile.default]\n');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is our own dev server if no setting names a server', () => {
    expect(temporalTarget(7233, nowhere)).toMatchObject({
      configured: false,
      address: '127.0.0.1:7233',
      namespace: 'default',
    });
  });

  it('is the one of TEMPORAL_ADDRESS, with TLS if there is an API key', () => {
    const env = {
      ...nowhere,
      TEMPORAL_ADDRESS: 'shop.tmprl.cloud:7233',
      TEMPORAL_NAMESPACE: 'shop',
      TEMPORAL_API_KEY: 'k',
    };
    expect(temporalTarget(7233, env)).toEqual({
      configured: true,
      address: 'shop.tmprl.cloud:7233',
      namespace: 'shop',
      connection: { tls: true, apiKey: 'k' },
    });
  });

  it.each([
    [{ TEMPORAL_ADDRESS: 'http://localhost' }, /^TEMPORAL_ADDRESS must be host:port/],
    [{ TEMPORAL_ADDRESS: '127.0.0.1:99999' }, /^TEMPORAL_ADDRESS must be host:port/],
    [{ TEMPORAL_TLS: 'maybe' }, /^TEMPORAL_TLS must be true or false\.$/],
    [{ TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere.pem' }, /^Temporal's configuration cannot be read \(ENOENT/],
    [
      { TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml' },
      /^TEMPORAL_CONFIG_FILE names a file that cannot be read \(ENOENT/,
    ],
    [{ TEMPORAL_CONFIG_FILE: '/dev/null' }, /^Temporal's configuration cannot be read \(it holds no profile\)/],
    [{ TEMPORAL_CONFIG_FILE: '/dev' }, /^Temporal's configuration cannot be read \(EISDIR/],
    [{ TEMPORAL_PROFILE: 'nobody' }, /^Temporal's configuration cannot be read \(Profile 'nobody' not found/],
  ])('is told to be wrong in one sentence: %j', (env, sentence) => {
    expect(() => temporalTarget(7233, { ...nowhere, ...env })).toThrow(sentence);
  });

  it('is refused with a message that does not show the API key (rule 33)', () => {
    expect(() => temporalTarget(7233, { ...nowhere, TEMPORAL_API_KEY: 's3cret\nkey' })).toThrow(
      /^TEMPORAL_API_KEY has a space or a line break in it: set it to the key alone\.$/,
    );
  });

  it('is refused if its certificate file holds no certificate', async () => {
    const tls = { TEMPORAL_TLS_CLIENT_CERT_DATA: 'no certificate', TEMPORAL_TLS_CLIENT_KEY_DATA: 'no key' };
    const target = temporalTarget(7233, { ...nowhere, ...tls });
    await expect(connectTemporal(target, 0)).rejects.toThrow(/^Temporal's TLS settings cannot be used \(/);
  });
});
