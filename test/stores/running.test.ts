/** The whole system with every sink, and the commands that the product started from, as they are written there. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { KurrentDBClient } from '@kurrent/kurrentdb-client';
import { MongoClient } from 'mongodb';
import { Client } from 'pg';
import { isRunning } from '../../src/local/machine/processes.js';
import { build, startSystem, type RunningSystem } from '../journey/running-system.js';
import { eventually } from '../support/eventually.js';
import { kafkaServer, kafkaTool } from '../support/stores/kafka.js';
import { kurrentServer } from '../support/stores/kurrentdb.js';
import { mongoServer } from '../support/stores/mongodb.js';
import { redisServer } from '../support/stores/redis.js';
import type { StoreServer } from '../support/stores/server.js';

const dataDir = mkdtempSync(path.join(os.tmpdir(), 'unwind-stores-'));
const WITHIN = 60_000;

let redis: StoreServer;
let mongo: StoreServer;
let kafka: StoreServer;
let kurrent: StoreServer;
let system: RunningSystem;
let database: Client;

/** Present on a machine that has all of them; `.ci/run` has. */
const missing = ['TEST_REDIS', 'TEST_KAFKA', 'TEST_MONGODB'].filter((name) => process.env[name] === undefined);
const suite = missing.length === 0 ? describe : describe.skip;

interface SagaEventMessage {
  readonly id: string;
  readonly sagaId: string | null;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const api = (): string => system.urlOf('api').replace('localhost', '127.0.0.1');

async function placeOrder(): Promise<string> {
  const response = await fetch(`${api()}/api/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"items":[{"productId":"123","quantity":2}]}',
  });
  const { sagaId } = (await response.json()) as { sagaId: string };
  return sagaId;
}

const stateOf = async (sagaId: string): Promise<string | undefined> => {
  const { rows } = await database.query<{ state: string }>('SELECT state FROM sagas WHERE saga_id = $1', [sagaId]);
  return rows[0]?.state;
};

const hasEnded = (sagaId: string, state: string): Promise<true> =>
  eventually(`${sagaId} to be ${state}`, WITHIN, async () => (await stateOf(sagaId)) === state);

/** `kafka-console-consumer --topic … --from-beginning`, which ends when nothing has come for a while. */
async function consume(topic: string, ...more: string[]): Promise<string[]> {
  const line = `--topic ${topic} --from-beginning --bootstrap-server ${kafka.url} --timeout-ms 4000`;
  const printed = await kafkaTool('kafka-console-consumer', [...line.split(' '), ...more]);
  return printed.split('\n').filter((each) => each !== '');
}

async function produce(...lines: string[]): Promise<void> {
  const line = `--topic saga-commands --bootstrap-server ${kafka.url}`;
  await kafkaTool('kafka-console-producer', line.split(' '), `${lines.join('\n')}\n`);
}

const published = async (): Promise<SagaEventMessage[]> =>
  (await consume('saga-events')).map((line) => JSON.parse(line) as SagaEventMessage);

suite(`the running system with every sink${missing.length > 0 ? ` (missing: ${missing.join(', ')})` : ''}`, () => {
  beforeAll(async () => {
    build();
    [redis, mongo, kafka, kurrent] = await Promise.all([
      redisServer(),
      mongoServer(),
      kafkaServer(),
      kurrentServer(() => 1024 * 1024),
    ]);
    await Promise.all([redis, mongo, kafka, kurrent].map((server) => server.start()));
    system = startSystem(dataDir, {
      REDIS_URL: redis.url,
      MONGODB_URL: mongo.url,
      KAFKA_BROKERS: kafka.url,
      KURRENTDB_URL: kurrent.url,
    });
    await system.line(/^ +logs/);
    database = new Client({ connectionString: system.databaseUrl() });
    await database.connect();
  }, 300_000);

  afterAll(async () => {
    await database?.end();
    if (system && isRunning(system.pid)) system.ctrlC();
    await system?.ended;
    await Promise.all([redis, mongo, kafka, kurrent].map((server) => server?.close()));
    rmSync(dataDir, { recursive: true, force: true });
  }, 120_000);

  it('names the addresses of its sinks', async () => {
    expect(await system.line(/^relay +up/)).toMatch(/redis .*mongodb .*kafka .*kurrentdb .*metrics http/);
  });

  it('shows an order to redis-cli, to MongoDB, on saga-events and in its KurrentDB stream', async () => {
    const sagaId = await placeOrder();
    await hasEnded(sagaId, 'COMPLETED');
    // redis-cli HGETALL saga:order-123
    const hash = await eventually('the hash', WITHIN, () => {
      const printed = execFileSync('redis-cli', ['-p', String(redis.port), 'HGETALL', `saga:${sagaId}`], {
        encoding: 'utf8',
      });
      return printed.includes('\nCOMPLETED\n') && printed;
    });
    expect(hash).toMatch(/step:process_payment\ncompleted\n/);
    expect(hash).toMatch(/^version\n\d+$/m);
    // db.sagas.find({state: 'COMPLETED'}), by the driver: no registry here has mongosh
    const client = await MongoClient.connect(mongo.url);
    try {
      const document = await eventually('the document', WITHIN, async () => {
        const found = await client.db('mydb').collection('sagas').find({ state: 'COMPLETED' }).toArray();
        return found.find(({ sagaId: id }) => id === sagaId);
      });
      expect(document).toMatchObject({ state: 'COMPLETED', sagaType: 'OrderFulfillment' });
    } finally {
      await client.close();
    }
    const events = (await published()).filter((event) => event.sagaId === sagaId);
    const { rows } = await database.query<{ id: string }>(
      'SELECT e.id FROM saga_events e WHERE e.saga_id = $1 ORDER BY e.txid, e.position',
      [sagaId],
    );
    expect(events.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    expect(events.at(-1)?.type).toBe('OrderFulfillmentCompleted');
    const db = KurrentDBClient.connectionString(kurrent.url);
    const types: string[] = [];
    for await (const { event } of db.readStream(`saga-${sagaId}`)) types.push(event?.type ?? '');
    await db.dispose();
    expect(types).toEqual(events.map(({ type }) => type));
  }, 180_000);

  it('starts sagas by kafka-console-producer, and harms nothing when a command comes again', async () => {
    const start =
      '{"sagaId":"123","command":"StartOrder","commandId":"start-123","items":[{"productId":"123","quantity":2}]}';
    await produce(
      start,
      start,
      '{"sagaId":"order-124","command":"StartOrder","items":[{"productId":"123","quantity":1}]}',
    );
    await hasEnded('order-123', 'COMPLETED');
    await hasEnded('order-124', 'COMPLETED');
    await produce(start);
    await eventually('the repeat to be read', WITHIN, async () => (await metrics()).includes('{outcome="repeated"} 2'));
    const { rows } = await database.query('SELECT * FROM sagas WHERE saga_id = $1', ['order-123']);
    expect(rows).toHaveLength(1);
  }, 180_000);

  it('shows MongoDB what is pending, and cancels and resolves by kafka-console-producer', async () => {
    const faults = `${system.urlOf('shipping')}/api/test/fail-next-request`.replace('localhost', '127.0.0.1');
    const headers = { 'content-type': 'application/json' };
    await fetch(faults, { method: 'POST', headers, body: '{"mode":"unavailable","times":1000}' });
    const sagaId = await placeOrder();
    const client = await MongoClient.connect(mongo.url);
    try {
      // db.sagas.find({state: 'PENDING'})
      await eventually('the pending order', WITHIN, async () => {
        const found = await client.db('mydb').collection('sagas').find({ state: 'PENDING' }).toArray();
        return found.some(({ sagaId: id, currentStep }) => id === sagaId && currentStep === 'create_shipment');
      });
    } finally {
      await client.close();
    }
    // The compensation of a shipment that may have been booked is refused for so long as the service is away.
    const undo = '{"mode":"unavailable","operation":"DELETE","times":1000}';
    await fetch(faults, { method: 'POST', headers, body: undo });
    await produce(`{"sagaId":"${sagaId}","command":"CancelOrder","reason":"ordered_by_mistake","actor":"ada"}`);
    await hasEnded(sagaId, 'COMPENSATING');
    await produce(
      `{"sagaId":"${sagaId}","command":"ResolveStep","step":"create_shipment","action":"skip","reason":"never booked","actor":"ada"}`,
    );
    await hasEnded(sagaId, 'CANCELLED');
    const { rows } = await database.query<{ waivers: unknown }>('SELECT waivers FROM sagas WHERE saga_id = $1', [
      sagaId,
    ]);
    expect(rows[0]?.waivers).toEqual([{ step: 'create_shipment', actor: 'ada', reason: 'never booked' }]);
    await fetch(faults.replace('fail-next-request', 'faults'), { method: 'DELETE' });
  }, 180_000);

  it('puts commands that cannot be obeyed on saga-commands-dlq, publishes SagaRejected, and goes on', async () => {
    // The document's own line: it has no items.
    await produce(
      '{"sagaId":"125","command":"StartOrder"}',
      'no JSON at all',
      '["a list"]',
      // As large as the broker takes: with the reason beside it, it would be larger.
      `{"sagaId":"125","x":"${'x'.repeat(1_000_000)}"}`,
      '{"sagaId":"125","command":"\\u0000","\\u0000":1}',
      '{"sagaId":"../etc","command":"StartOrder"}',
      '{"sagaId":"126","command":"Explode"}',
      '{"sagaId":"never-there","command":"CancelOrder","reason":"ordered_by_mistake"}',
      '{"sagaId":"order-123","command":"CancelOrder","reason":"too_late"}',
      '{"sagaId":"order-123","command":"ResolveStep","step":"process_payment","action":"skip","reason":"too late"}',
      '{"sagaId":"127","command":"StartOrder","items":[{"productId":"no-such-product","quantity":1}]}',
      '{"sagaId":"128","command":"StartOrder","items":[{"productId":"123","quantity":1}]}',
    );
    await hasEnded('order-128', 'COMPLETED');
    const refused = await eventually('eleven refused commands', WITHIN, async () => {
      const rejected = (await published()).filter(({ type }) => type === 'SagaRejected');
      return rejected.length >= 11 && rejected;
    });
    expect(refused.map(({ sagaId, data }) => `${sagaId} ${String(data['code'])}`).sort()).toEqual(
      [
        'order-125 InvalidRequest',
        'null InvalidJson',
        'null PayloadTooLarge',
        'order-125 InvalidRequest',
        'null InvalidRequest',
        'null InvalidRequest',
        'order-126 InvalidRequest',
        'order-never-there OrderNotFound',
        'order-123 AlreadyFulfilled',
        'order-123 AlreadyFulfilled',
        'order-127 UnknownProduct',
      ].sort(),
    );
    const letters = await consume('saga-commands-dlq', '--property', 'print.headers=true');
    const literal = letters.find((letter) => letter.endsWith('{"sagaId":"125","command":"StartOrder"}'));
    expect(literal).toContain('x-refused-code:InvalidRequest');
    expect(literal).toContain('items is required');
    const { rows } = await database.query(`SELECT * FROM journal.dead_letters WHERE kind = 'rejectedCommand'`);
    expect(rows).toHaveLength(11);
  }, 180_000);

  it('goes on taking orders while every store is away, and tells and obeys all of it afterwards', async () => {
    const stores = [redis, mongo, kafka, kurrent];
    await Promise.all(stores.map((server) => server.kill()));
    const sagaId = await placeOrder();
    await hasEnded(sagaId, 'COMPLETED');
    await Promise.all(stores.map((server) => server.start()));
    await produce('{"sagaId":"129","command":"StartOrder","items":[{"productId":"123","quantity":1}]}');
    await hasEnded('order-129', 'COMPLETED');
    for (const id of [sagaId, 'order-129']) {
      await eventually(`${id} in Redis`, WITHIN, () => {
        const printed = execFileSync('redis-cli', ['-p', String(redis.port), 'HGET', `saga:${id}`, 'state']);
        return printed.toString().trim() === 'COMPLETED';
      });
      await eventually(`${id} on saga-events`, WITHIN, async () =>
        (await published()).some((event) => event.sagaId === id && event.type === 'OrderFulfillmentCompleted'),
      );
    }
    const lag = await eventually('no lag', WITHIN, async () => {
      const lines = (await metrics()).split('\n').filter((line) => line.startsWith('unwind_sink_lag_events{'));
      return lines.every((line) => line.endsWith(' 0')) && lines;
    });
    expect(lag).toHaveLength(4);
    expect((await database.query(`SELECT * FROM journal.dead_letters WHERE kind = 'rejectedEvent'`)).rows).toEqual([]);
  }, 240_000);

  it('loses no event while the relay is killed', async () => {
    const sagaIds = [await placeOrder(), await placeOrder()];
    process.kill(system.pidOf('relay'), 'SIGKILL');
    sagaIds.push(await placeOrder());
    for (const sagaId of sagaIds) await hasEnded(sagaId, 'COMPLETED');
    await eventually('all of them on saga-events', WITHIN, async () => {
      const ended = new Set(
        (await published()).filter(({ type }) => type === 'OrderFulfillmentCompleted').map((event) => event.sagaId),
      );
      return sagaIds.every((sagaId) => ended.has(sagaId));
    });
  }, 180_000);
});

async function metrics(): Promise<string> {
  const [, url = ''] = /metrics (http:\S+)/.exec(system.lines.findLast((line) => /^relay +up/.test(line)) ?? '') ?? [];
  return await (await fetch(url.replace('localhost', '127.0.0.1'))).text();
}
