/**
 * Redis: `HGETALL saga:order-123` is the saga's present state. One hash for each saga, written whole by a script, so
 * that no reader sees half of it and no field of an earlier state stays behind; an older version never replaces a
 * newer one.
 */
import { createClient, ErrorReply } from '@redis/client';
import { compareCursors, earlier, readCursor, writeCursor, type Cursor } from './cursor.js';
import type { Delivery, Rejection, SinkRow, Sink, SinkSession } from './sink.js';
import { withoutPassword } from './without-password.js';

const CURSOR_KEY = 'unwind:relay:cursor';
const CONNECT_WITHIN_MS = 5_000;
const ANSWER_WITHIN_MS = 10_000;

/** Returns 0 if the stored version is as new. Lua's numbers are exact up to 2^53. */
const WRITE = `
local branch = tonumber(redis.call('HGET', KEYS[1], 'branch') or -1)
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or -1)
local newBranch, newVersion = tonumber(ARGV[1]), tonumber(ARGV[2])
if branch > newBranch or (branch == newBranch and version >= newVersion) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'branch', ARGV[1], 'version', ARGV[2], unpack(ARGV, 3))
return 1`;

/** Returns 0 if the store is not in the state in which the relay left it: it was emptied, or restored. */
const MOVE_CURSOR = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`;

/** Errors of a server that serves no client at the moment: they are not about the event. */
const AWAY =
  /(^|[ -])(LOADING|OOM|READONLY|MISCONF|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|BUSY|NOAUTH|WRONGPASS|NOPERM|UNKILLABLE|ERR max number of clients)\b/;

/** Contents of PEM files. */
export interface RedisTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * @param url with `rediss:` for TLS; user and password, if the server has them, percent-encoded
 * @param readTls called for each connection, so that renewed files count
 */
export function redisSink(url: string, readTls: () => RedisTls = () => ({})): Sink {
  return { name: 'redis', takes: 'rows', where: withoutPassword(url), connect: () => openSession(url, readTls) };
}

type Client = ReturnType<typeof clientFor>;

const clientFor = (url: string, tls: RedisTls) =>
  createClient({
    url,
    name: 'unwind-relay',
    // The relay opens a broken connection again, and then asks the store for its cursor.
    socket: {
      reconnectStrategy: false as const,
      connectTimeout: CONNECT_WITHIN_MS,
      socketTimeout: ANSWER_WITHIN_MS,
      ...(url.startsWith('rediss:') && { tls: true as const, ...tls }),
    },
    disableOfflineQueue: true,
  });

async function openSession(url: string, readTls: () => RedisTls): Promise<SinkSession> {
  const client = clientFor(url, readTls());
  // Every failure reaches the caller of a command; without a listener it would also end the process.
  client.on('error', () => undefined);
  let known = '';
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    client.destroy();
    throw error;
  }
  return {
    async resume(cursor) {
      const stored = await client.get(CURSOR_KEY);
      known = stored ?? '';
      const from = earlier(readCursor(stored), cursor);
      if (compareCursors(from, readCursor(stored)) !== 0) known = await setCursor(client, known, from);
      return from;
    },
    async deliver(deliveries, upTo) {
      const rejections = (await Promise.all(deliveries.map((delivery) => write(client, delivery)))).flat();
      if (upTo) known = await setCursor(client, known, upTo);
      return rejections;
    },
    close: async () => {
      if (client.isOpen) client.destroy();
    },
  };
}

async function write(client: Client, { sagaId, row, events }: Delivery): Promise<Rejection[]> {
  const event = events.at(-1);
  if (!row || !event) return [];
  try {
    await client.eval(WRITE, { keys: [`saga:${sagaId}`], arguments: fieldsOf(row) });
    return [];
  } catch (error) {
    if (!(error instanceof ErrorReply) || AWAY.test(error.message)) throw error;
    return [{ event, reason: error.message.slice(0, 200) }];
  }
}

async function setCursor(client: Client, known: string, cursor: Cursor): Promise<string> {
  const next = writeCursor(cursor);
  const moved = await client.eval(MOVE_CURSOR, { keys: [CURSOR_KEY], arguments: [known, next] });
  if (moved !== 1) throw new Error('Redis is not in the state in which the relay left it');
  return next;
}

/** Branch and version first. Absent values have no field. */
function fieldsOf(row: SinkRow): string[] {
  const { sagaId, sagaType, state, reason, currentStep, blockedOn, createdAt, updatedAt } = row;
  const fields: Record<string, string | null> = {
    sagaId,
    sagaType,
    state,
    reason,
    currentStep,
    blockedOn,
    waitingFor: row.waitingFor && JSON.stringify(row.waitingFor),
    createdAt,
    updatedAt,
    data: JSON.stringify(row.data),
    waivers: JSON.stringify(row.waivers),
    deadLetters: JSON.stringify(row.deadLetters),
    ...Object.fromEntries(row.steps.map(({ name, status }) => [`step:${name}`, status])),
  };
  const present = Object.entries(fields).filter((field): field is [string, string] => field[1] !== null);
  return [String(row.branch), String(row.version), ...present.flat()];
}
