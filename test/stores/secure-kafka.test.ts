/** Kafka by TLS and SCRAM, as the environment's variables say it: the sink, and signed commands (K8). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { readCommands } from '../../src/commands/consumer.js';
import { KEY_HEADER, SIGNATURE_HEADER, signatureOf, TIMESTAMP_HEADER } from '../../src/commands/sender.js';
import { startRelay } from '../../src/relay/relay.js';
import { kafkaSink } from '../../src/relay/sinks/kafka.js';
import { loadConfig } from '../../src/config/config.js';
import type { KafkaConfig } from '../../src/config/kafka.js';
import { cancelOrder, commandTables } from '../commands/queued.js';
import { databaseUrl } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { kafkaServer } from '../support/stores/kafka.js';
import { describeWith } from '../support/stores/missing.js';
import type { StoreServer } from '../support/stores/server.js';
import { completedOrder } from './stories.js';
import { writtenJournal } from './written-journal.js';

const WITHIN = 60_000;
const [USER, PASSWORD, SECRET] = ['unwind', 'a-password-of-the-test', '0123456789abcdef0123456789abcdef'];

const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-tls-'));
const ca = path.join(folder, 'ca.pem');
let server: StoreServer;

/** A certificate authority of the test's own, and a broker's certificate under it. */
function certificates(): string {
  const openssl = (line: string): void => void execFileSync('openssl', line.split(' '), { cwd: folder, stdio: 'pipe' });
  openssl('req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem');
  openssl('req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout broker.key -out broker.csr');
  writeFileSync(path.join(folder, 'san.cnf'), 'subjectAltName=IP:127.0.0.1\n');
  openssl('x509 -req -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san.cnf -out broker.pem');
  const store = path.join(folder, 'broker-store.pem');
  const parts = ['broker.key', 'broker.pem', 'ca.pem'].map((name) => readFileSync(path.join(folder, name), 'utf8'));
  writeFileSync(store, parts.join(''));
  return store;
}

const settings = (store: string): Record<string, string> => ({
  listeners: 'SASL_SSL://127.0.0.1:$PORT,CONTROLLER://127.0.0.1:$CONTROLLER',
  'advertised.listeners': 'SASL_SSL://127.0.0.1:$PORT',
  'listener.security.protocol.map': 'SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name': 'SASL_SSL',
  'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
  'sasl.mechanism.inter.broker.protocol': 'SCRAM-SHA-512',
  'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': `org.apache.kafka.common.security.scram.ScramLoginModule required username="${USER}" password="${PASSWORD}";`,
  'ssl.keystore.type': 'PEM',
  'ssl.keystore.location': store,
  'ssl.truststore.type': 'PEM',
  'ssl.truststore.location': ca,
});

const kafkaConfig = (more: NodeJS.ProcessEnv = {}): KafkaConfig => {
  const env = {
    KAFKA_BROKERS: server.url,
    KAFKA_SSL: 'on',
    KAFKA_SSL_CA_FILE: ca,
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_USERNAME: USER,
    KAFKA_PASSWORD: PASSWORD,
    KAFKA_COMMAND_KEYS: `desk:operator:${SECRET}`,
    ...more,
  };
  const { kafka } = loadConfig(env);
  if (!kafka) throw new Error('Kafka is off');
  return kafka;
};

const clientOf = ({ brokers, ssl, sasl }: KafkaConfig): Kafka =>
  new Kafka({ brokers: [...brokers], ...(ssl && { ssl }), ...(sasl && { sasl }), logLevel: logLevel.NOTHING });

describeWith('TEST_KAFKA', 'a Kafka that asks for TLS and a password (K8)', () => {
  beforeAll(async () => {
    const store = certificates();
    const sasl = { mechanism: 'scram-sha-512' as const, username: USER, password: PASSWORD };
    server = await kafkaServer(settings(store), {
      format: ['--add-scram', `SCRAM-SHA-512=[name=${USER},password=${PASSWORD}]`],
      client: { ssl: { ca: readFileSync(ca) }, sasl },
    });
    await server.start();
  }, 180_000);

  afterAll(async () => {
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is fed with every event', async () => {
    const journal = await writtenJournal();
    const relay = startRelay({ databaseUrl: databaseUrl(), schema: journal.schema, sink: kafkaSink(kafkaConfig()) });
    try {
      await journal.append('order-secure', completedOrder('secure').slice(0, 2));
      await eventually('both events', WITHIN, () => journal.isDelivered('kafka'));
    } finally {
      await relay.stop();
      await journal.close();
    }
  }, 120_000);

  it.each([
    ['a wrong password', { KAFKA_PASSWORD: 'wrong-password-of-the-test' }],
    ['no certificate authority to trust', { KAFKA_SSL_CA_FILE: '' }],
    [
      'neither TLS nor a password',
      { KAFKA_SSL: '', KAFKA_SSL_CA_FILE: '', KAFKA_SASL_MECHANISM: '', KAFKA_USERNAME: '', KAFKA_PASSWORD: '' },
    ],
  ])(
    'is away for a sink with %s, and no password is told',
    async (_, more) => {
      const told: (string | undefined)[] = [];
      const relay = startRelay({
        databaseUrl: databaseUrl(),
        sink: kafkaSink(kafkaConfig(more)),
        onChange: (state, reason) => void told.push(`${state} ${reason}`),
      });
      try {
        await eventually('it to be away', WITHIN, () => told.some((each) => each?.startsWith('away')));
        expect(JSON.stringify(told)).not.toMatch(/password-of-the-test/);
      } finally {
        await relay.stop();
      }
    },
    120_000,
  );

  it('gives signed commands, and those alone are taken in', async () => {
    const kafka = kafkaConfig();
    const tables = await commandTables();
    const reader = readCommands({ kafka, inbox: tables.inbox, keys: kafka.commands?.keys });
    const producer = clientOf(kafka).producer();
    try {
      await eventually('it to read', WITHIN, () => reader.state() === 'reading');
      await producer.connect();
      const value = JSON.stringify(cancelOrder('signed', { commandId: 'signed' }));
      const timestamp = String(Math.floor(Date.now() / 1_000));
      const headers = {
        [KEY_HEADER]: 'desk',
        [TIMESTAMP_HEADER]: timestamp,
        [SIGNATURE_HEADER]: signatureOf(SECRET, timestamp, Buffer.from(value)),
      };
      const forged = value.replaceAll('signed', 'forged');
      const messages = [{ value }, { value: forged, headers }, { value, headers }];
      await producer.send({ topic: 'saga-commands', messages: messages.map((each) => ({ key: 'k', ...each })) });
      const rows = await eventually('all three', WITHIN, async () => {
        const all = await tables.rows('SELECT queue, code, sender, role FROM @.queued_commands ORDER BY position');
        return all.length === 3 && all;
      });
      expect(rows).toMatchObject([
        { code: 'Unauthenticated', sender: null },
        { code: 'InvalidCredentials', sender: null },
        { queue: 'order-signed', code: null, sender: 'desk', role: 'operator' },
      ]);
    } finally {
      await producer.disconnect();
      await reader.stop();
      await tables.close();
    }
  }, 120_000);
});
