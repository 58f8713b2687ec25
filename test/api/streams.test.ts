/** Many streams of one API process: bounded for each caller, whole for each reader (A3). */
import { request, type IncomingMessage } from 'node:http';
import { openJournal, type Journal } from '../../src/journal/write/journal.js';
import { batchOf, CLOSING, entriesOf, HAPPY } from '../journal/entries.js';
import { linkTo, type BreakableLink } from '../orders/breakable-link.js';
import { databaseUrl } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import type { TestEnv } from '../support/temporal.js';
import { runApi, type ApiOptions, type RunningApi } from './running-api.js';
import { createWarmServer } from './warm-server.js';

const happy = entriesOf(HAPPY);

let temporal: TestEnv;
let archive: BreakableLink;
let api: RunningApi;
let journal: Journal;
const warnings: string[] = [];
const onWarning = ({ name }: Error): void => void warnings.push(name);

const start = async (more: ApiOptions['more'] = {}): Promise<RunningApi> => {
  const journalUrl = new URL(databaseUrl());
  journalUrl.host = archive.address;
  return runApi({ temporal: temporal.client, journalUrl: journalUrl.href, more });
};

beforeAll(async () => {
  process.on('warning', onWarning);
  temporal = await createWarmServer();
  const url = new URL(databaseUrl());
  archive = await linkTo(url.hostname, Number(url.port));
});

afterAll(async () => {
  process.off('warning', onWarning);
  await archive?.close();
  await temporal?.close();
});

async function open(more: ApiOptions['more']): Promise<void> {
  api = await start(more);
  journal = openJournal({
    databaseUrl: databaseUrl(),
    schema: api.journalSchema,
    askRun: async () => ({ standing: 'superseded' }),
  });
  await eventually('the read model', 30_000, async () => (await api.request('GET', '/api/sagas')).status === 200);
}

afterEach(async () => {
  await archive.mend();
  await journal.close();
  await api.close();
});

interface Reader {
  readonly status: number;
  readonly problem: string;
  /** Sequence numbers as they came. */
  readonly seqs: number[];
  lastId(): string | undefined;
  readonly over: Promise<void>;
  leave(): void;
}

/** One connection for each, as browsers of a thousand customers have. */
async function read(sagaId: string, lastEventId?: string): Promise<Reader> {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${api.url}/api/sagas/${sagaId}/stream`, { headers, agent: false }, resolve).once('error', reject).end();
  });
  const seqs: number[] = [];
  let [text, last, problem] = ['', undefined as string | undefined, ''];
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    if (answer.statusCode !== 200) problem += chunk;
    const messages = `${text}${chunk}`.split('\n\n');
    text = messages.pop() ?? '';
    for (const message of messages) {
      const [, data] = /^data: (.*)$/m.exec(message) ?? [];
      if (data !== undefined) seqs.push((JSON.parse(data) as { seq: number }).seq);
      last = /^id: (\d+)$/m.exec(message)?.[1] ?? last;
    }
  });
  const over = new Promise<void>((resolve) => answer.once('close', resolve).on('error', () => undefined));
  return {
    status: answer.statusCode ?? 0,
    get problem() {
      return problem;
    },
    seqs,
    lastId: () => last,
    over,
    leave: () => answer.destroy(),
  };
}

/** Each of them gets in. */
async function readAll(sagaIds: readonly string[]): Promise<Reader[]> {
  const readers = await Promise.all(
    sagaIds.map((id) =>
      // A crowded machine answers 503, and a reader comes again.
      eventually('a place', 30_000, async () => {
        const reader = await read(id);
        return reader.status !== 503 && reader;
      }),
    ),
  );
  expect(readers.filter(({ status }) => status !== 200).map(({ status, problem }) => [status, problem])).toEqual([]);
  return readers;
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `order-s${index}`);

async function store(sagaIds: readonly string[], from: number, to: number, end = false): Promise<void> {
  const closing = end ? { required: true, closing: CLOSING } : {};
  for (const id of sagaIds) await journal.append(batchOf(id, happy.slice(from, to), closing));
}

it('a hundred and twenty streams hear everything once and in order, over an outage of PostgreSQL and a resume (A3)', async () => {
  await open({});
  const sagas = ids(120);
  await store(sagas, 0, 2);
  const readers = await readAll(sagas);
  await eventually('what is there', 30_000, () => readers.every(({ seqs }) => seqs.length === 2));
  await archive.cut();
  await store(sagas, 2, 5);
  await archive.mend();
  await eventually('what came in the outage', 30_000, () => readers.every(({ seqs }) => seqs.length === 5));
  // A third of them lose their connection, and go on from where they were.
  const [leaving, staying] = [readers.slice(0, 40), readers.slice(40)];
  for (const { leave } of leaving) leave();
  await store(sagas, 5, 8, true);
  const resumed = await Promise.all(leaving.map(({ lastId }, index) => read(sagas[index] ?? '', lastId())));
  await Promise.all([...staying, ...resumed].map(({ over }) => over));
  for (const { seqs } of staying) expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  for (const { seqs } of resumed) expect(seqs).toEqual([6, 7, 8, 9, 10]);
  expect(warnings).not.toContain('MaxListenersExceededWarning');
});

it('a caller has so many streams and no more; one that it closes makes room (A3)', async () => {
  await open({ streamsPerCaller: 20 });
  const [saga = ''] = ids(1);
  await store([saga], 0, 2);
  const readers = await Promise.all(Array.from({ length: 20 }, () => read(saga)));
  expect(new Set(readers.map(({ status }) => status))).toEqual(new Set([200]));
  const refused = await api.request('GET', `/api/sagas/${saga}/stream`);
  expect([refused.status, refused.body['code'], refused.headers.get('retry-after')]).toEqual([
    429,
    'TooManyStreams',
    '5',
  ]);
  // It is about streams only.
  expect((await api.request('GET', `/api/sagas/${saga}/events`)).status).toBe(200);
  expect((await api.request('HEAD', `/api/sagas/${saga}/stream`)).status).toBe(200);
  readers[0]?.leave();
  const next = await eventually('room for one more', 10_000, async () => {
    const reader = await read(saga);
    return reader.status === 200 && reader;
  });
  for (const reader of [...readers, next]) reader.leave();
  // All of them have left: there is room for as many again.
  await eventually('room for all', 10_000, async () => {
    const again = await Promise.all(Array.from({ length: 20 }, () => read(saga)));
    for (const reader of again) reader.leave();
    return again.every(({ status }) => status === 200);
  });
});

it('streams of a process that ends are ended, all of them, with one listener (A3)', async () => {
  const stopping = new AbortController();
  await open({ stopping: stopping.signal });
  const sagas = ids(50);
  await store(sagas, 0, 2);
  const readers = await readAll(sagas);
  await eventually('what is there', 30_000, () => readers.every(({ seqs }) => seqs.length === 2));
  stopping.abort();
  await Promise.all(readers.map(({ over }) => over));
  expect(warnings).not.toContain('MaxListenersExceededWarning');
});
