/** Streams of forty callers of one API process (A3), by hand 4,000 of them (`UNWIND_STREAMS=4000 npm run test:load -- many-streams`): each is told everything, and nothing of them is left when they have gone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import v8 from 'node:v8';
import vm from 'node:vm';
import { createAuthenticate } from '../../src/api/http/authenticate.js';
import { openJournal, type Journal } from '../../src/journal/write/journal.js';
import { batchOf, entriesOf, HAPPY } from '../journal/entries.js';
import { databaseUrl } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import type { TestEnv } from '../support/temporal.js';
import { runApi, type RunningApi } from './running-api.js';
import { createWarmServer } from './warm-server.js';

const STREAMS = Number(process.env['UNWIND_STREAMS'] ?? 1_000);
const CALLERS = 40;
const SAGAS = 200;
const KEYS = Array.from({ length: CALLERS }, (_, index) => `key-of-caller-${index}`);
const SAGA_IDS = Array.from({ length: SAGAS }, (_, index) => `order-${index}`);

const happy = entriesOf(HAPPY);
/** Of each saga, before and after its streams are opened; the end is left out, which would close them. */
const [EARLY, LATE] = [happy.slice(0, 4), happy.slice(4, -1)];

let temporal: TestEnv;
let api: RunningApi;
let journal: Journal;
let readers: ChildProcess;
let lines: Interface;

beforeAll(async () => {
  temporal = await createWarmServer();
  const apiKeys = KEYS.map((key, index) => ({
    name: `caller-${index}`,
    role: 'operator' as const,
    hash: createHash('sha256').update(key).digest('hex'),
  }));
  api = await runApi({
    temporal: temporal.client,
    more: { authenticate: createAuthenticate({ apiKeys }), streamsPerCaller: STREAMS / CALLERS },
  });
  journal = openJournal({
    databaseUrl: databaseUrl(),
    schema: api.journalSchema,
    askRun: async () => ({ standing: 'superseded' }),
  });
  for (const sagaId of SAGA_IDS) await journal.append(batchOf(sagaId, EARLY));
  const script = path.join(import.meta.dirname, 'many-readers.mjs');
  readers = spawn(process.execPath, [script, api.url, KEYS.join(','), SAGA_IDS.join(',')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (!readers.stdout) throw new Error('the readers cannot be heard');
  lines = createInterface({ input: readers.stdout });
});
afterAll(async () => {
  readers?.kill();
  await journal?.close();
  await api?.close();
  await temporal?.close();
});

/** What the readers answer to a command. */
const tell = (command: string): Promise<number> =>
  new Promise((resolve) => {
    lines.once('line', (line) => resolve(Number((JSON.parse(line) as { result: unknown }).result)));
    readers.stdin?.write(`${command}\n`);
  });

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;

/** Megabytes of this process that are in use, and those that it has from the system. */
function memory(): { heap: number; rss: number } {
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: (heapUsed + external) / 2 ** 20, rss: rss / 2 ** 20 };
}

const connections = async (): Promise<number> =>
  (
    await api.sql<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE '%${api.journalSchema}%'`,
    )
  )[0]?.n ?? 0;

it('each stream gets every event, and the memory is free again when they have gone (A3)', async () => {
  await tell('reads 200');
  const [before, readsBefore, sessions] = [memory(), await tell('reads 300'), await connections()];
  expect(await tell(`open ${STREAMS}`)).toBe(STREAMS);
  const perSaga = STREAMS / SAGAS;
  await eventually('what is there', 60_000, async () => (await tell('events')) === STREAMS * EARLY.length);
  const [open, readsWith] = [memory(), await tell('reads 300')];

  const begin = performance.now();
  for (const sagaId of SAGA_IDS) await journal.append(batchOf(sagaId, LATE));
  const all = SAGAS * perSaga * (EARLY.length + LATE.length);
  await eventually('what comes', 60_000, async () => (await tell('events')) === all);
  const seconds = (performance.now() - begin) / 1_000;
  expect(await connections()).toBeLessThanOrEqual(sessions + 1);

  await tell('close');
  const after = await eventually('the memory to be free again', 60_000, () => {
    const now = memory();
    // Streams that leak eight kilobytes each would keep this much.
    return now.heap < before.heap + 4 + STREAMS / 250 && now;
  });
  const readsAfter = await tell('reads 300');
  const megabytes = ({ heap, rss }: { heap: number; rss: number }) =>
    `${heap.toFixed(0)} MB used, ${rss.toFixed(0)} MB resident`;
  process.stdout.write(
    `${STREAMS} streams of ${CALLERS} callers, ${SAGAS} sagas. Reads p50: ${readsBefore.toFixed(1)} ms before, ` +
      `${readsWith.toFixed(1)} ms with them, ${readsAfter.toFixed(1)} ms after. Memory: ${megabytes(before)} before, ` +
      `${megabytes(open)} with them, ${megabytes(after)} after. ${STREAMS * LATE.length} events told in ${seconds.toFixed(1)} s.\n`,
  );
}, 300_000);
