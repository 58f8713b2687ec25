/** Every variable that the processes read: its values, and if it may hold a secret. The SDK reads Temporal's own. */
import { hostNames, origins } from './browsers.js';
import { z } from 'zod';
import { decimalsOf, type Money } from '../order.js';
import { accessVariables } from './access-variables.js';
import { parseDuration } from './durations.js';
import { count, limitVariables } from './limit-variables.js';
import { type ApiKey, ROLES, type CommandKey } from '../caller.js';

export const SERVICE_NAMES = ['payment', 'inventory', 'shipping', 'notification'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Kinds of variables that can hold no secret. Every other variable counts as secret, and its value is never shown. */
const harmless = z.registry<{ readonly bears: 'nothing' }>();

const isHarmless = <Schema extends z.ZodType>(schema: Schema): Schema => {
  harmless.add(schema, { bears: 'nothing' });
  return schema;
};

const allHarmless = <Schemas extends Readonly<Record<string, z.ZodType>>>(schemas: Schemas): Schemas => {
  for (const each of Object.values(schemas)) isHarmless(each);
  return schemas;
};

/** `a URL`: its password is secret. `secret`: all of it is. */
export type Bearing = 'nothing' | 'a URL' | 'secret';

/** Undefined for a variable that is not ours. */
export function bearingOf(name: string): Bearing | undefined {
  if (!Object.hasOwn(variables, name)) return undefined;
  if (harmless.has(variables[name as keyof typeof variables])) return 'nothing';
  return /(PASSWORD|SECRET|TOKEN|COMMAND_KEYS)$/.test(name) ? 'secret' : 'a URL';
}

const isPort = (text = ''): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;

const port = (standard: number) =>
  isHarmless(
    z
      .string()
      .default(String(standard))
      .transform((text, context) => {
        if (isPort(text) || text === '0') return Number(text);
        context.addIssue('a port number from 0 to 65535, such as 8000 (0 takes a free one)');
        return z.NEVER;
      }),
  );

/** @param least a shorter duration makes no sense, and is most likely a wrong unit */
const duration = (standard: string, least = '1ms') =>
  isHarmless(
    z
      .string()
      .default(standard)
      .transform((text, context) => {
        const milliseconds = parseDuration(text);
        if (milliseconds !== undefined && milliseconds >= (parseDuration(least) ?? 1)) return milliseconds;
        context.addIssue(`a duration such as ${standard} (ms, s, m, h or d; at least ${least} and at most 3650d)`);
        return z.NEVER;
      }),
  );

/** Percent-encoded, as RFC 3986 has it. Without it no two libraries read such a URL alike. */
const USER_INFO = /^(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*$/;

/** The part between `//` and the last `@` of a URL; undefined if there is no `@`. */
const userInfoOf = (text: string): string | undefined => /^[^/]*\/\/(.*)@/s.exec(text)?.[1];

/** If several hosts are allowed (`mongodb://a:1,b:2/shop`), the first one is checked. */
const url = (protocols: readonly string[], example: string, hosts: 'one host' | 'several hosts' = 'one host') =>
  z
    .string()
    .transform((text, context) => {
      const looked = hosts === 'one host' ? text : text.replace(/,[^/?]*/, '');
      const parsed = URL.canParse(looked) ? new URL(looked) : undefined;
      if (!USER_INFO.test(userInfoOf(text) ?? '')) {
        context.addIssue(
          `a URL such as ${example}, in which the special characters of user and password are percent-encoded (@ is %40, / is %2F, : is %3A, # is %23, ? is %3F, % is %25)`,
        );
      } else if (parsed && protocols.includes(parsed.protocol) && parsed.hostname !== '') {
        return text.replace(/\/+$/, '');
      } else {
        context.addIssue(`a URL such as ${example}`);
      }
      return z.NEVER;
    })
    .optional();

const toggle = (...[yes, no]: [string, string]) =>
  isHarmless(
    z
      .enum([yes, no], { error: `${yes} or ${no}` })
      .transform((text) => text === yes)
      .optional(),
  );

/** The entries of a list, with or without blanks around its commas. */
const entriesOf = (text: string): string[] => text.split(',').map((entry) => entry.trim());

/** Undefined if it is not an amount with exactly the decimals of its currency. */
function parseMoney(text: string): Money | undefined {
  const [, whole = '', fraction = '', currency = ''] = /^(\d{1,15})(?:\.(\d+))?\s+([A-Z]{3})$/.exec(text) ?? [];
  if (currency === '' || fraction.length !== decimalsOf(currency)) return undefined;
  const amount = Number(whole + fraction);
  return Number.isSafeInteger(amount) ? { amount, currency } : undefined;
}

/** At most one limit for each currency. */
const limits = isHarmless(
  z
    .string()
    .transform((text, context): readonly Money[] => {
      const found = entriesOf(text).map(parseMoney);
      const known = found.filter((limit) => limit !== undefined);
      const currencies = new Set(known.map(({ currency }) => currency));
      if (known.length === found.length && currencies.size === known.length) return known;
      context.addIssue(
        "an amount with its currency's own number of decimals, or one for each of several currencies with commas " +
          'between, such as 500.00 EUR, 100000 JPY',
      );
      return z.NEVER;
    })
    .optional(),
);

const brokers = z
  .string()
  .transform((text, context) => {
    const all = entriesOf(text);
    if (all.every((broker) => /^[^\s:/@]+:\d{1,5}$/.test(broker) && isPort(broker.split(':')[1]))) return all;
    context.addIssue('host:port, or several of them with commas between, such as 127.0.0.1:9092');
    return z.NEVER;
  })
  .optional();

const claim = (what: string, example: string) =>
  z.string().regex(/^\S+$/, `what tokens name as their ${what}, without spaces, such as ${example}`).optional();

const apiKeys = z
  .string()
  .transform((text, context): ApiKey[] => {
    const keys = entriesOf(text).map((entry) =>
      /^([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([a-z]+):([0-9a-f]{64})$/.exec(entry),
    );
    const found = keys.flatMap((match) => {
      const role = ROLES.find((each) => each === match?.[2]);
      return match?.[1] !== undefined && match[3] !== undefined && role
        ? [{ name: match[1], role, hash: match[3] }]
        : [];
    });
    if (found.length === keys.length) return found;
    context.addIssue('name:role:hash, or several of them with commas between, as npx --no unwind api-key prints them');
    return z.NEVER;
  })
  .optional();

const commandKeys = z
  .string()
  .transform((text, context): CommandKey[] => {
    const found = entriesOf(text).flatMap((entry) => {
      const [, name, role, secret] =
        /^([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([a-z]+):([A-Za-z0-9+/=_-]{32,200})$/.exec(entry) ?? [];
      const known = ROLES.find((each) => each === role);
      return name !== undefined && secret !== undefined && known ? [{ name, role: known, secret }] : [];
    });
    const names = new Set(found.map(({ name }) => name));
    if (found.length === entriesOf(text).length && names.size === found.length) return found;
    context.addIssue(
      'name:role:secret, or several of them with commas between; a secret has at least 32 letters and digits, such as openssl rand -hex 32 prints, and a name is there once',
    );
    return z.NEVER;
  })
  .optional();

const file = (what: string) => z.string().min(1, `the path of ${what} in PEM`).optional();

/** Undefined if it is not set; null for any number. */
const requestsPerMinute = isHarmless(
  z
    .string()
    .transform((text, context): number | null => {
      if (text === 'off') return null;
      if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
      context.addIssue('off, or how many requests a minute one caller may make, such as 600');
      return z.NEVER;
    })
    .optional(),
);
const http = ['http:', 'https:'];
const postgres = ['postgres:', 'postgresql:'];

export const variables = {
  NODE_ENV: isHarmless(
    z.enum(['development', 'test', 'production'], 'development, test or production').default('development'),
  ),
  LOG_LEVEL: isHarmless(
    z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'], 'trace, debug, info, warn, error or fatal')
      .default('info'),
  ),
  LISTEN_HOST: isHarmless(
    z
      .string()
      .regex(/^[A-Za-z0-9.:-]+$/, 'an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all')
      .default('127.0.0.1'),
  ),
  DATA_DIR: isHarmless(z.string().default('.data')),
  DATA_DIR_MIN_FREE_MB: isHarmless(count(100, 1_000_000)),
  DATABASE_URL: url(postgres, 'postgres://user:password@127.0.0.1:5432/unwind'),
  DATABASE_PASSWORD: z.string().optional(),
  API_PORT: port(8000),
  PAYMENT_PORT: port(8001),
  INVENTORY_PORT: port(8002),
  SHIPPING_PORT: port(8003),
  NOTIFICATION_PORT: port(8004),
  PG_PORT: port(54_329),
  TEMPORAL_PORT: port(7233),
  TEMPORAL_UI_PORT: port(8233),
  METRICS_PORT: port(9464),
  RELAY_METRICS_PORT: port(9465),
  WORKER_HEALTH_PORT: port(9466),
  PAYMENT_URL: url(http, 'http://127.0.0.1:8001'),
  INVENTORY_URL: url(http, 'http://127.0.0.1:8002'),
  SHIPPING_URL: url(http, 'http://127.0.0.1:8003'),
  NOTIFICATION_URL: url(http, 'http://127.0.0.1:8004'),
  ...accessVariables,
  ...allHarmless(limitVariables),
  SAGA_BACKLOG_LIMIT: isHarmless(count(10_000, 999_999_999)),
  START_SERVICES: toggle('true', 'false'),
  FAULT_INJECTION: toggle('on', 'off'),
  DEMO_DATA: toggle('on', 'off'),
  SAGA_ATTEMPT_TIMEOUT: duration('10s', '100ms'),
  SAGA_STEP_TIMEOUT: duration('5m', '1s'),
  SAGA_RETRIABLE_BUDGET: duration('24h', '1m'),
  SAGA_COMPENSATION_BUDGET: duration('24h', '1m'),
  SAGA_DEADLINE: duration('7d', '10s'),
  SAGA_STUCK_AFTER: duration('10m', '10s'),
  SAGA_APPROVAL_ABOVE: limits,
  SAGA_APPROVAL_TIMEOUT: duration('24h', '10s'),
  SAGA_JOURNAL: toggle('on', 'off'),
  MIGRATION_LOCK_WAIT: duration('30s'),
  JOURNAL_DATABASE_URL: url(postgres, 'postgres://user:password@127.0.0.1:5432/journal'),
  REDIS_URL: url(['redis:', 'rediss:'], 'redis://127.0.0.1:6379'),
  MONGODB_URL: url(['mongodb:', 'mongodb+srv:'], 'mongodb://127.0.0.1:27017/unwind', 'several hosts'),
  KAFKA_BROKERS: brokers,
  KAFKA_SSL: toggle('on', 'off'),
  KAFKA_SSL_CA_FILE: file('the certificates of those who may sign for the brokers'),
  KAFKA_SSL_CERT_FILE: file('a client certificate'),
  KAFKA_SSL_KEY_FILE: file("the client certificate's key"),
  KAFKA_SASL_MECHANISM: isHarmless(
    z.enum(['SCRAM-SHA-256', 'SCRAM-SHA-512', 'PLAIN'], 'SCRAM-SHA-256, SCRAM-SHA-512 or PLAIN').optional(),
  ),
  KAFKA_USERNAME: z.string().optional(),
  KAFKA_PASSWORD: z.string().optional(),
  KAFKA_COMMANDS: isHarmless(z.enum(['on', 'off', 'unauthenticated'], 'on, off or unauthenticated').default('on')),
  KAFKA_COMMAND_KEYS: commandKeys,
  KAFKA_COMMAND_BUDGET: duration('10m', '1s'),
  KURRENTDB_URL: url(
    ['kurrentdb:', 'kurrentdb+discover:', 'esdb:', 'esdb+discover:'],
    'kurrentdb://127.0.0.1:2113?tls=false',
    'several hosts',
  ),
  AUTH: toggle('on', 'off'),
  AUTH_JWKS_URL: url(http, 'https://login.example.com/.well-known/jwks.json'),
  AUTH_ISSUER: claim('issuer', 'https://login.example.com/'),
  AUTH_AUDIENCE: claim('audience', 'unwind'),
  AUTH_ROLES_CLAIM: isHarmless(z.string().regex(/^\S+$/, 'the name of a claim, such as roles').default('roles')),
  AUTH_API_KEYS: apiKeys,
  API_RATE_LIMIT: requestsPerMinute,
  API_CORS_ORIGINS: isHarmless(origins),
  ALLOWED_HOSTS: isHarmless(hostNames),
  API_KEEP_ALIVE: duration('65s'),
  API_STREAMS_PER_CALLER: isHarmless(count(100, 1_000_000)),
};

export const schema = z.object(variables);
export type Settings = z.infer<typeof schema>;
