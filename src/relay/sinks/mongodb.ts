/**
 * MongoDB: `db.sagas.find({state: 'PENDING'})`. One document for each saga, with the saga's id as `_id`, replaced
 * whole and only by a newer version. The database is the one in MONGODB_URL, `unwind` if the URL names none.
 */
import {
  MongoBulkWriteError,
  BSON,
  MongoClient,
  MongoInvalidArgumentError,
  MongoServerError,
  type AnyBulkWriteOperation,
  type Collection,
  type Db,
} from 'mongodb';
import { compareCursors, earlier, readCursor, writeCursor, type Cursor } from './cursor.js';
import type { Delivery, Rejection, SinkRow, Sink, SinkSession } from './sink.js';
import { withoutPassword } from './without-password.js';

const ANSWER_WITHIN_MS = 10_000;
const DUPLICATE_KEY = 11_000;

/**
 * The server's errors about one document: it breaks a validation rule or a unique index, is too large, or cannot be
 * parsed. Every other error means that the server serves no client:
 * https://www.mongodb.com/docs/manual/reference/error-codes
 */
const ABOUT_THE_DOCUMENT: ReadonlySet<number> = new Set([
  2,
  9,
  14,
  22,
  52,
  53,
  54,
  55,
  56,
  57,
  66,
  121,
  10_334,
  DUPLICATE_KEY,
  17_280,
  17_419,
  17_420,
]);

interface SagaDocument extends Omit<SinkRow, 'createdAt' | 'updatedAt'> {
  readonly _id: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

interface Progress {
  readonly _id: 'cursor';
  readonly cursor: string;
}

/**
 * @param url user, password and the driver's options for TLS may be in it
 * @param caFile PEM file of the trusted authorities; turns TLS on
 */
export function mongoSink(url: string, caFile?: string): Sink {
  return { name: 'mongodb', takes: 'rows', where: withoutPassword(url), connect: () => openSession(url, caFile) };
}

async function openSession(url: string, caFile: string | undefined): Promise<SinkSession> {
  const client = new MongoClient(url, {
    ...(caFile !== undefined && { tls: true, tlsCAFile: caFile }),
    appName: 'unwind-relay',
    serverSelectionTimeoutMS: 5_000,
    connectTimeoutMS: 5_000,
    socketTimeoutMS: ANSWER_WITHIN_MS,
    // An acknowledged write survives the loss of one server.
    writeConcern: { w: 'majority' },
  });
  let known = '';
  const database = databaseOf(client, url);
  const sagas = database.collection<SagaDocument>('sagas');
  const progress = database.collection<Progress>('unwind_relay');
  try {
    await client.connect();
    await client.db('admin').command({ ping: 1 });
    // An administrator may have made another index, or not allow this one: then it stays as it is.
    await sagas.createIndex({ state: 1, updatedAt: 1 }).catch((error: unknown) => {
      if (!(error instanceof MongoServerError)) throw error;
    });
  } catch (error) {
    await client.close().catch(() => undefined);
    throw error;
  }
  return {
    async resume(cursor) {
      const stored = (await progress.findOne({ _id: 'cursor' }))?.cursor;
      known = stored ?? '';
      const from = earlier(readCursor(stored), cursor);
      if (compareCursors(from, readCursor(stored)) !== 0) known = await setCursor(progress, known, from);
      return from;
    },
    async deliver(deliveries, upTo) {
      const rejections = await write(sagas, deliveries);
      if (upTo) known = await setCursor(progress, known, upTo);
      return rejections;
    },
    close: async () => {
      await client.close().catch(() => undefined);
    },
  };
}

function databaseOf(client: MongoClient, url: string): Db {
  return /^[^/]+\/\/[^/]+\/[^?/]+/.test(url) ? client.db() : client.db('unwind');
}

async function write(sagas: Collection<SagaDocument>, deliveries: readonly Delivery[]): Promise<Rejection[]> {
  const written = deliveries.flatMap(({ row, events }) => {
    const event = events.at(-1);
    return row && event ? [{ row, event }] : [];
  });
  if (written.length === 0) return [];
  try {
    await sagas.bulkWrite(
      written.map(({ row }) => replacement(row)),
      { ordered: false },
    );
    return [];
  } catch (error) {
    if (isUnwritable(error)) return await writeOneByOne(sagas, deliveries, error);
    const problems = problemsOf(error);
    if (!problems) throw error;
    return problems.flatMap(({ index, code, message }) => {
      const event = written[index]?.event;
      return event ? [{ event, reason: `${code}: ${message}`.slice(0, 200) }] : [];
    });
  }
}

/** The driver itself finds that a document cannot be written, for example because it is too large. Nothing was sent. */
const isUnwritable = (error: unknown): error is Error =>
  error instanceof MongoInvalidArgumentError || error instanceof BSON.BSONError || error instanceof RangeError;

async function writeOneByOne(
  sagas: Collection<SagaDocument>,
  deliveries: readonly Delivery[],
  { name }: Error,
): Promise<Rejection[]> {
  if (deliveries.length === 1) {
    return deliveries.flatMap(({ events }) => events.slice(-1).map((event) => ({ event, reason: name })));
  }
  const rejections: Rejection[] = [];
  for (const delivery of deliveries) rejections.push(...(await write(sagas, [delivery])));
  return rejections;
}

/** Matches only an older document; if there is none at all, the row is inserted. */
function replacement(row: SinkRow): AnyBulkWriteOperation<SagaDocument> {
  const { sagaId, branch, version } = row;
  const document = { ...row, createdAt: new Date(row.createdAt), updatedAt: new Date(row.updatedAt) };
  return {
    replaceOne: {
      filter: { _id: sagaId, $or: [{ branch: { $lt: branch } }, { branch, version: { $lt: version } }] },
      replacement: document,
      upsert: true,
    },
  };
}

interface Problem {
  readonly index: number;
  readonly code: number;
  readonly message: string;
}

/** The server's errors about single documents; undefined if the error is about the server. */
function problemsOf(error: unknown): readonly Problem[] | undefined {
  if (error instanceof MongoBulkWriteError) {
    const all = [error.writeErrors].flat().map(({ index, code, errmsg = '' }) => ({ index, code, message: errmsg }));
    if (all.length === 0 || all.some(({ code }) => !ABOUT_THE_DOCUMENT.has(code))) return undefined;
    // A document of the same or a newer version is there: the filter did not match it, and the insertion conflicted
    // with it.
    return all
      .filter(({ code, message }) => code !== DUPLICATE_KEY || !/\b_id_/.test(message))
      .map((problem) => ({ ...problem, message: problem.message.replace(/dup key:.*/s, 'dup key') }));
  }
  return undefined;
}

async function setCursor(progress: Collection<Progress>, known: string, cursor: Cursor): Promise<string> {
  const next = writeCursor(cursor);
  const change = { $set: { cursor: next } };
  try {
    const expected =
      known === '' ? { _id: 'cursor' as const, cursor: { $exists: false } } : { _id: 'cursor' as const, cursor: known };
    const { matchedCount, upsertedCount } = await progress.updateOne(expected, change, { upsert: known === '' });
    if (matchedCount + upsertedCount === 1) return next;
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== DUPLICATE_KEY) throw error;
  }
  throw new Error('MongoDB is not in the state in which the relay left it');
}
