/** Taking commands in from a real broker: none is passed over, whenever it was sent and whatever the broker asks for. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { readCommands, type CommandReader } from '../../src/commands/consumer.js';
import { cancelOrder, commandTables, type CommandTables } from '../commands/queued.js';
import { databaseUrl } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { kafkaServer } from '../support/stores/kafka.js';
import { describeWith } from '../support/stores/missing.js';
import type { StoreServer } from '../support/stores/server.js';

const WITHIN = 60_000;

let server: StoreServer;
let tables: CommandTables;
let reader: CommandReader | undefined;
let child: ChildProcess | undefined;

const client = (): Kafka => new Kafka({ brokers: [server.url], logLevel: logLevel.NOTHING });

/** One command for each id, spread over the partitions; returns once the broker has acknowledged all. */
async function send(ids: readonly string[]): Promise<void> {
  const producer = client().producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const messages = ids.map((id) => ({ key: id, value: JSON.stringify(cancelOrder(id, { commandId: id })) }));
  await producer.send({ topic: 'saga-commands', acks: -1, messages });
  await producer.disconnect();
}

const ids = (name: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${name}-${index}`);

const areTakenIn = (wanted: readonly string[]): Promise<true> =>
  eventually(`${wanted.length} commands to be taken in`, WITHIN, async () => {
    const rows = await tables.rows('SELECT id FROM @.queued_commands WHERE id = ANY ($1)', [wanted]);
    return rows.length === wanted.length;
  });

/** Without a listener: what is taken in does not depend on who hears of it. */
const read = (): CommandReader =>
  readCommands({ kafka: { brokers: [server.url] }, inbox: tables.inbox, keys: undefined });

const reads = (which: CommandReader): Promise<true> =>
  eventually('it to read', WITHIN, () => which.state() === 'reading');

/** command-reader-process.ts as a process. */
function spawnReader(): ChildProcess {
  const root = path.join(import.meta.dirname, '..', '..');
  const loader = path.join(root, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs');
  const script = path.join(root, 'test', 'support', 'command-reader-process.ts');
  return fork(script, [server.url, databaseUrl(), tables.schema], {
    execArgv: ['--import', loader],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

describeWith('TEST_KAFKA', 'commands that a broker has acknowledged', () => {
  beforeEach(async () => {
    tables = await commandTables();
  }, 60_000);

  afterEach(async () => {
    child?.kill('SIGKILL');
    await reader?.stop();
    await server?.close();
    await tables.close();
  }, 60_000);

  async function start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    server = await kafkaServer(settings);
    await server.start();
  }

  it('before anybody has read, while readers come and go, and while none is there are all taken in, once (K1)', async () => {
    await start();
    const admin = client().admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'saga-commands', numPartitions: 3 }] });
    await admin.disconnect();
    await send(ids('early', 30));
    reader = read();
    // Sent while it joins.
    await send(ids('joining', 30));
    const second = read();
    await Promise.all([reads(reader), reads(second)]);
    await send(ids('both', 30));
    await second.stop();
    await send(ids('one', 30));
    await areTakenIn([...ids('early', 30), ...ids('joining', 30), ...ids('both', 30), ...ids('one', 30)]);
    await reader.stop();
    await send(ids('none', 30));
    reader = read();
    await areTakenIn(ids('none', 30));
    expect(await tables.rows('SELECT count(*)::int AS count FROM @.queued_commands')).toEqual([{ count: 150 }]);
  }, 180_000);

  it('are read from a broker that accepts no session of less than twenty seconds (K1)', async () => {
    await start({ 'group.min.session.timeout.ms': '20000' });
    reader = read();
    await reads(reader);
    await send(ids('patient', 3));
    await areTakenIn(ids('patient', 3));
  }, 180_000);

  it('in the partitions of a process that was killed are read by the next one (K1)', async () => {
    await start();
    child = spawnReader();
    expect(await once(child, 'message')).toEqual(['reading', undefined]);
    await send(ids('first', 9));
    await areTakenIn(ids('first', 9));
    child.kill('SIGKILL');
    await once(child, 'exit');
    await send(ids('orphaned', 9));
    reader = read();
    await areTakenIn(ids('orphaned', 9));
  }, 180_000);
});
