/** The stores and streams that follow the journal, and the commands that come from Kafka. */
import { z } from 'zod';
import { ROLES, type CommandKey } from '../../caller.js';
import { pemFile } from './participants.js';
import { choice, duration, entriesOf, FEEDERS, isPort, parsed, toggle, url, variable } from './variable.js';

const brokers = {
  form: 'list of host:port',
  bears: 'a URL' as const,
  example: '127.0.0.1:9092',
  schema: parsed((text) => {
    const all = entriesOf(text);
    return all.every((broker) => /^[^\s:/@]+:\d{1,5}$/.test(broker) && isPort(broker.split(':')[1])) ? all : undefined;
  }, 'host:port, or several of them with commas between, such as 127.0.0.1:9092').optional(),
};

function parseCommandKeys(text: string): CommandKey[] | undefined {
  const entries = entriesOf(text);
  const found = entries.flatMap((entry) => {
    const [, name, role, secret] =
      /^([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([a-z]+):([A-Za-z0-9+/=_-]{32,200})$/.exec(entry) ?? [];
    const known = ROLES.find((each) => each === role);
    return name !== undefined && secret !== undefined && known ? [{ name, role: known, secret }] : [];
  });
  const names = new Set(found.map(({ name }) => name));
  return found.length === entries.length && names.size === found.length ? found : undefined;
}

const commandKeys = {
  form: 'list of keys',
  bears: 'secret' as const,
  schema: parsed(
    parseCommandKeys,
    'name:role:secret, or several of them with commas between; a secret has at least 32 letters and digits, such as openssl rand -hex 32 prints, and a name is there once',
  ).optional(),
};

/** A file that is read, and refused, when Kafka is configured. */
const file = (what: string, example: string) => ({
  form: 'PEM file',
  bears: 'a URL' as const,
  example,
  schema: z.string().min(1, `the path of ${what} in PEM`).optional(),
});

const plain = (form: string, bears: 'a URL' | 'secret', example: string) => ({
  form,
  bears,
  example,
  schema: z.string().optional(),
});

export const stores = {
  REDIS_URL: variable(
    url(['redis:', 'rediss:'], 'redis://127.0.0.1:6379'),
    FEEDERS,
    'The current state of each saga in Redis, with notifications of changes.',
  ),
  REDIS_TLS_CA_FILE: variable(pemFile, ['relay'], 'For rediss://…: the authorities that may sign for Redis.'),
  REDIS_TLS_CERT_FILE: variable(pemFile, ['relay'], 'For rediss://…: the client certificate, with its key.'),
  REDIS_TLS_KEY_FILE: variable(pemFile, ['relay'], 'The key of that certificate.'),
  MONGODB_URL: variable(
    url(['mongodb:', 'mongodb+srv:'], 'mongodb://127.0.0.1:27017/unwind', 'several hosts'),
    FEEDERS,
    'A document of each saga in MongoDB.',
  ),
  MONGODB_TLS_CA_FILE: variable(
    pemFile,
    ['relay'],
    "The authorities that may sign for MongoDB. It turns TLS on, unless the URL says so; other options of TLS are the URL's own (tlsCertificateKeyFile …).",
  ),
  KAFKA_BROKERS: variable(
    brokers,
    FEEDERS,
    'The events of the sagas in Kafka (saga-events). Commands come from there as well (saga-commands).',
  ),
  KAFKA_SSL: variable(toggle('on', 'off', { standard: 'off' }), ['relay'], 'TLS to the brokers.'),
  KAFKA_SSL_CA_FILE: variable(
    file('the certificates of those who may sign for the brokers', '/etc/unwind/kafka-ca.pem'),
    ['relay'],
    'The authorities that may sign for the brokers; by default those that Node trusts.',
  ),
  KAFKA_SSL_CERT_FILE: variable(
    file('a client certificate', '/etc/unwind/kafka-client.pem'),
    ['relay'],
    'The client certificate, if the brokers ask for one, with its key.',
  ),
  KAFKA_SSL_KEY_FILE: variable(
    file("the client certificate's key", '/etc/unwind/kafka-client.key'),
    ['relay'],
    'The key of that certificate.',
  ),
  KAFKA_SASL_MECHANISM: variable(
    {
      form: 'SCRAM-SHA-256, SCRAM-SHA-512 or PLAIN',
      bears: 'nothing',
      example: 'SCRAM-SHA-512',
      schema: z.enum(['SCRAM-SHA-256', 'SCRAM-SHA-512', 'PLAIN'], 'SCRAM-SHA-256, SCRAM-SHA-512 or PLAIN').optional(),
    },
    ['relay'],
    'SASL, PLAIN with TLS only. Mechanism, name and password belong together.',
  ),
  KAFKA_USERNAME: variable(plain('name', 'a URL', 'unwind'), ['relay'], 'The name of the relay at the brokers.'),
  KAFKA_PASSWORD: variable(plain('password', 'secret', ''), ['relay'], 'The password of that name.'),
  KAFKA_COMMANDS: variable(
    choice(['on', 'off', 'unauthenticated'], 'on'),
    ['relay'],
    'on: commands are read, in production only with SASL or a client certificate; off: Kafka is a sink only; unauthenticated: commands are read, and in production it is meant that everybody who reaches the brokers may write to and read the topic.',
  ),
  KAFKA_COMMAND_KEYS: variable(
    commandKeys,
    ['relay'],
    'Who may send commands: name:role:secret, several with commas between. With it, each command has to be signed.',
  ),
  KAFKA_COMMAND_BUDGET: variable(
    duration('10m', '1s'),
    ['relay'],
    'A command that cannot be decided is tried so long; then it rests until an operator decides (npx --no unwind parked).',
  ),
  KURRENTDB_URL: variable(
    url(
      ['kurrentdb:', 'kurrentdb+discover:', 'esdb:', 'esdb+discover:'],
      'kurrentdb://127.0.0.1:2113?tls=false',
      'several hosts',
    ),
    FEEDERS,
    'A stream of events for each saga in KurrentDB.',
  ),
  WEBHOOKS: variable(
    toggle('on', 'off', { standard: 'off' }),
    ['api', ...FEEDERS],
    'on: shops hear of their orders by webhooks, at endpoints that are registered over the API (docs/webhooks.md).',
  ),
  WEBHOOKS_PLAIN_HTTP: variable(
    toggle('on', 'off', { standard: 'off' }),
    ['api', 'relay'],
    'on: also endpoints that begin with http: may be registered.',
  ),
  WEBHOOKS_PRIVATE_ADDRESSES: variable(
    toggle('on', 'off', { standard: 'off' }),
    ['api', 'relay'],
    'on: webhooks are also sent to this machine and to private networks.',
  ),
  WEBHOOKS_TIMEOUT: variable(duration('15s', '1s'), ['relay'], 'An endpoint has so long to answer one attempt.'),
};
