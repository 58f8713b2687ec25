/** Redis and MongoDB over TLS, against servers that speak nothing else (K8). */
import { readFileSync } from 'node:fs';
import { createClient } from '@redis/client';
import { MongoClient } from 'mongodb';
import { startRelay, type Relay } from '../../src/relay/relay.js';
import { mongoSink } from '../../src/relay/sinks/mongodb.js';
import { redisSink } from '../../src/relay/sinks/redis.js';
import type { Sink } from '../../src/relay/sinks/sink.js';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { databaseUrl } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { describeWith } from '../support/stores/missing.js';
import { mongoTlsServer } from '../support/stores/mongodb.js';
import { redisTlsServer } from '../support/stores/redis.js';
import type { StoreServer } from '../support/stores/server.js';
import { PACE } from './contract.js';
import { completedOrder } from './stories.js';
import { writtenJournal, type WrittenJournal } from './written-journal.js';

const WITHIN = 60_000;
const PASSWORD = 'p@ss/word:1';

let certificates: Certificates;
let server: StoreServer | undefined;
let journal: WrittenJournal;
let relays: Relay[] = [];

beforeAll(() => {
  certificates = makeCertificates();
});
afterAll(() => certificates.remove());
beforeEach(async () => {
  journal = await writtenJournal();
});
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  relays = [];
  await journal.close();
});
const closeServer = async (): Promise<void> => {
  await server?.close();
  server = undefined;
};

/** The reason for which the sink is away, as the relay says it. */
async function reasonOf(sink: Sink): Promise<string> {
  const reasons: string[] = [];
  const onChange = (_state: string, reason = ''): void => void reasons.push(reason);
  // The driver of MongoDB needs 5 s to give up.
  const pace = { ...PACE, answerWithin: 30_000 };
  const relay = startRelay({ databaseUrl: databaseUrl(), schema: journal.schema, sink, pace, onChange });
  relays.push(relay);
  expect(await relay.begun).toBe('away');
  await relay.stop();
  return reasons.at(-1) ?? '';
}

async function feeds(sink: Sink): Promise<void> {
  relays.push(startRelay({ databaseUrl: databaseUrl(), schema: journal.schema, sink, pace: PACE }));
  await journal.append('order-safe', completedOrder('safe'));
  await eventually('the delivery', WITHIN, () => journal.isDelivered(sink.name));
}

describeWith('TEST_REDIS', 'a Redis with TLS and an ACL user', () => {
  beforeAll(async () => {
    server = await redisTlsServer(certificates, PASSWORD);
    await server.start();
  }, 60_000);
  afterAll(closeServer);

  const url = (): string => server?.url ?? '';
  const tls = ({ ca = certificates.ca, client = certificates.client } = {}) => ({
    ca: readFileSync(ca),
    cert: readFileSync(client.cert),
    key: readFileSync(client.key),
  });

  it('is fed as the user of the URL, who may do no more than the documents say', async () => {
    const sink = redisSink(url(), tls);
    await feeds(sink);
    const client = await createClient({ url: url(), socket: { tls: true, ...tls() } }).connect();
    expect(await client.hGet('saga:order-safe', 'state')).toBe('COMPLETED');
    await expect(client.get('something:else')).rejects.toThrow(/NOPERM/);
    client.destroy();
    expect(sink.where).toBe(url().replace(/\/\/.*@/, '//'));
  }, 120_000);

  it('is away, with the reason, when its certificate is not trusted, ours is missing, or the password is wrong', async () => {
    expect(await reasonOf(redisSink(url(), () => tls({ ca: certificates.otherCa })))).toMatch(/certificate/);
    expect(await reasonOf(redisSink(url()))).toMatch(/certificate/);
    expect(await reasonOf(redisSink(url(), () => ({ ca: readFileSync(certificates.ca) })))).not.toBe('');
    const wrong = redisSink(url().replace(encodeURIComponent(PASSWORD), 'wrong'), tls);
    expect(await reasonOf(wrong)).toMatch(/WRONGPASS/);
    // Renewed files that cannot be read for a moment.
    const gone = redisSink(url(), () => ({ ca: readFileSync('/nowhere/ca.pem') }));
    expect(await reasonOf(gone)).toMatch(/ENOENT/);
    expect((await journal.pool.query('SELECT * FROM sink_blocks')).rows).toEqual([]);
  }, 120_000);
});

describeWith('TEST_MONGODB', "MongoDB's stand-in with TLS", () => {
  beforeAll(async () => {
    server = await mongoTlsServer(certificates);
    await server.start();
  }, 120_000);
  afterAll(closeServer);

  const url = (): string => server?.url ?? '';

  it.each(['the file', "the URL's own options"])(
    'is fed with the authority of %s',
    async (of) => {
      const { ca } = certificates;
      const inUrl = `${url()}?tls=true&tlsCAFile=${encodeURIComponent(ca)}`;
      await feeds(of === 'the file' ? mongoSink(url(), ca) : mongoSink(inUrl));
      const client = await MongoClient.connect(inUrl, { serverSelectionTimeoutMS: 5_000 });
      const found = await client.db().collection<{ _id: string }>('sagas').findOne({ _id: 'order-safe' });
      await client.db().dropDatabase();
      await client.close();
      expect(found).toMatchObject({ state: 'COMPLETED' });
    },
    120_000,
  );

  it('is away, with the reason, when its certificate is not trusted', async () => {
    expect(await reasonOf(mongoSink(url(), certificates.otherCa))).toMatch(/certificate/);
    expect(await reasonOf(mongoSink(`${url()}?tls=true`))).toMatch(/certificate/);
    expect(await reasonOf(mongoSink(url()))).not.toBe('');
  }, 120_000);
});
