/**
 * A participant in memory that keeps the contract, over HTTP, and can be given one bug. It charges cards: `declined` is
 * refused, and the refund of `disputed`. Each action and compensation takes a moment, so that races are real.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { serverSecrets, type Certificates } from '../support/certificates.js';
import type { Bug } from './planted.js';

interface Row {
  status: 'applied' | 'refused' | 'undone' | 'fenced';
  readonly fingerprint?: string;
  readonly orderId?: string;
  chargeId?: number;
  refundId?: number;
  refundRefused?: boolean;
}

interface Reply {
  readonly status: number;
  readonly retryAfter?: number;
  readonly fields?: Readonly<Record<string, unknown>>;
}

type Content = Readonly<Record<string, unknown>>;

export interface SmallParticipant {
  readonly url: string;
  /** How often each id was charged and refunded. */
  books(id: string): Promise<unknown>;
  /** What stands: charged and not refunded. */
  standing(): readonly string[];
  close(): Promise<void>;
}

const MOMENT_MS = 8;

interface Manners {
  readonly bug?: Bug | undefined;
  readonly undoable?: boolean;
  /** Every seventh request is answered 503 and nothing is done. */
  readonly weather?: boolean;
  /** Every seventh answer is lost, after all was done. */
  readonly lossy?: boolean;
  readonly token?: string;
  /** The first action is answered 429 so often, with `Retry-After: 0`. */
  readonly busy?: number;
  /** A request that breaks off ends the whole process. */
  readonly frail?: boolean;
  /** Over TLS, for callers that show a certificate of the same authority. */
  readonly tls?: Certificates;
}

export async function startSmallParticipant(manners: Manners = {}): Promise<SmallParticipant> {
  const { bug, undoable = true } = manners;
  const rows = new Map<string, Row>();
  const books = new Map<string, { charges: number; refunds: number }>();
  const queues = new Map<string, Promise<unknown>>();
  const left: string[] = [];
  const armed = { PUT: false, DELETE: false };
  let [numbers, requests, busy] = [0, 0, manners.busy ?? 0];

  const bookOf = (id: string) => {
    const book = books.get(id) ?? { charges: 0, refunds: 0 };
    books.set(id, book);
    return book;
  };
  const charge = (id: string): number => {
    bookOf(id).charges += 1;
    return (numbers += 1);
  };
  const refund = (id: string): number => {
    bookOf(id).refunds += 1;
    return (numbers += 1);
  };

  /** One after the other for each key. */
  async function inTurn<T>(key: string, act: () => Promise<T>, release?: Promise<unknown>): Promise<T> {
    const before = queues.get(key) ?? Promise.resolve();
    const acting = before.then(act);
    const over = acting.catch(() => undefined);
    queues.set(key, release === undefined ? over : Promise.race([over, before.then(() => release)]));
    return acting;
  }

  const problem = (status: number, code: string): Reply => ({
    status,
    fields: {
      type: `urn:example:${code}`,
      ...(bug === 'problems have no title' ? {} : { title: code }),
      status: bug === 'problems say another status' ? 500 : status,
      ...(bug === 'a refusal has no code' && status === 422 ? {} : { code }),
    },
  });
  const gone = problem(410, 'AlreadyCancelled');
  const refusal = problem(bug === 'a refusal is answered 400' ? 400 : 422, 'Declined');
  const shown = (id: string, { status, orderId, chargeId, refundId }: Row): Reply => ({
    status: 200,
    fields: { id, status, effect: status === 'applied' ? 'applied' : 'none', orderId, chargeId, refundId },
  });
  const appliedAnswer = (id: string, row: Row): Reply => {
    const { fields } = shown(bug === 'an action is answered under another id' ? `${id}-1` : id, row);
    return { status: bug === 'an action is answered 201' ? 201 : 200, ...(fields && { fields }) };
  };

  const fingerprintOf = (content: Content, bytes: string): string =>
    bug === 'requests are compared by their bytes'
      ? bytes
      : JSON.stringify([content['orderId'], content['card'], content['amount']]);

  async function put(id: string, bytes: string, isLeft: () => boolean): Promise<Reply> {
    let content: Content;
    try {
      content = JSON.parse(bytes) as Content;
    } catch {
      if (bug === 'what cannot be read is stored') rows.set(id, { status: 'refused', fingerprint: '' });
      return problem(400, 'Unreadable');
    }
    const fingerprint = fingerprintOf(content, bytes);
    const row = rows.get(id);
    const known = row && replay(id, row, fingerprint);
    if (known) return known;
    const declined = content['card'] === 'declined' || armed.PUT;
    armed.PUT = false;
    await pause(MOMENT_MS);
    if (isLeft() && bug === 'what a caller left is applied later') left.push(id);
    const orderId = String(content['orderId']);
    if (declined) {
      if (bug !== 'a refusal is forgotten') rows.set(id, { status: 'refused', fingerprint, orderId });
      return refusal;
    }
    const applied: Row = { status: 'applied', fingerprint, orderId, chargeId: charge(id) };
    if (content['card'] === 'disputed') applied.refundRefused = true;
    if (!(isLeft() && bug === 'an action is recorded if its caller is still there')) rows.set(id, applied);
    return appliedAnswer(id, applied);
  }

  function replay(id: string, row: Row, fingerprint: string): Reply | undefined {
    if (row.status === 'undone') return bug === 'what was undone is applied again' ? undefined : gone;
    if (row.status === 'fenced') {
      return bug === 'a late action is refused with 409' ? problem(409, 'AlreadyCancelled') : gone;
    }
    if (row.fingerprint !== fingerprint && bug !== 'other content is answered like the first') {
      return problem(409, 'IdempotencyMismatch');
    }
    if (row.status === 'refused') return bug === 'a refusal is judged afresh' ? undefined : refusal;
    if (bug === 'a repeated action is a conflict') return problem(409, 'Conflict');
    if (bug === 'a repeated action is charged again') charge(id);
    return appliedAnswer(id, row);
  }

  async function undo(id: string, isLeft: () => boolean): Promise<Reply> {
    if (!undoable) {
      return bug === 'a compensation that is impossible is answered 200'
        ? { status: 200, fields: { id, status: 'undone', effect: 'none' } }
        : problem(405, 'MethodNotAllowed');
    }
    const row = rows.get(id);
    if (!row || row.status === 'refused') return fence(id, row);
    if (row.status === 'fenced' && bug === 'a second tombstone is refused') return gone;
    if (row.status === 'undone' && bug === 'a repeated compensation refunds again') refund(id);
    if (row.status === 'undone' && bug === 'a repeated compensation says fenced')
      return shown(id, { ...row, status: 'fenced' });
    if (row.status !== 'applied') return shown(id, row);
    if (armed.DELETE || row.refundRefused) return refuseUndo(id, row);
    await pause(MOMENT_MS);
    const undone: Row = { ...row, status: 'undone', refundId: refund(id) };
    if (isLeft() && bug === 'a compensation is recorded if its caller is still there') return shown(id, undone);
    if (bug !== 'a compensation changes nothing') rows.set(id, undone);
    if (bug === 'a compensation undoes the whole order') {
      for (const other of rows.values())
        if (other.orderId === row.orderId && other.status === 'applied') other.status = 'undone';
    }
    return bug === 'a compensation is answered 204' ? { status: 204 } : shown(id, undone);
  }

  function fence(id: string, row: Row | undefined): Reply {
    const fenced: Row = { status: 'fenced' };
    if (!row && bug === 'to compensate what never happened is 404') return problem(404, 'NotFound');
    const isKept = row ? bug !== 'a refused action is not fenced' : bug !== 'there is no tombstone';
    if (isKept) rows.set(id, fenced);
    return shown(id, fenced);
  }

  function refuseUndo(id: string, row: Row): Reply {
    armed.DELETE = false;
    if (bug === 'the refusal of a compensation is stored') row.refundRefused = true;
    if (bug === 'a refused compensation ends the effect') rows.set(id, { ...row, status: 'undone' });
    return problem(bug === 'a refused compensation is answered 422' ? 422 : 409, 'Disputed');
  }

  async function probe(id: string): Promise<Reply> {
    const row = rows.get(id);
    if (row?.status === 'applied' && bug === 'the probe does not see what was applied') {
      return { status: 200, fields: { id, status: 'none', effect: 'none' } };
    }
    if (row) return shown(id, row);
    if (bug === 'the probe of an unknown id is 404') return problem(404, 'NotFound');
    if (bug === 'the probe leaves a trace') rows.set(id, { status: 'fenced' });
    return { status: 200, fields: { id, status: 'none', effect: 'none' } };
  }

  function list(orderId: string | null): Reply {
    for (const id of left.splice(0)) rows.set(id, { status: 'applied', fingerprint: '', chargeId: charge(id) });
    const items = [...rows].flatMap(([id, row]) => {
      const listed = row.status === 'applied' || (bug === 'what was undone is listed' && row.status === 'undone');
      const item = { id, status: row.status, effect: 'applied' };
      return listed && row.orderId === orderId ? [item, ...(bug === 'an effect is listed twice' ? [item] : [])] : [];
    });
    return { status: 200, fields: { items, nextCursor: null } };
  }

  /** The queue of an id, as the bugs of the locks have it. */
  async function locked(
    method: string,
    id: string,
    act: () => Promise<Reply>,
    closed: Promise<unknown>,
  ): Promise<Reply> {
    if (method === 'PUT' && bug === 'an action looks before it locks') return act();
    if (method === 'PUT' && bug === 'actions of one id at once share an answer') {
      const running = (sharing.get(id) as Promise<Reply> | undefined) ?? inTurn(id, act);
      sharing.set(id, running);
      return running.finally(() => sharing.delete(id));
    }
    if (method === 'DELETE' && bug === 'a compensation looks before it locks') return act();
    if (method === 'DELETE' && bug === 'a compensation does not wait for an action') return inTurn(`undo ${id}`, act);
    return inTurn(id, act, bug === 'the lock ends with the connection' ? closed : undefined);
  }
  const sharing = new Map<string, unknown>();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<Reply | undefined> {
    const { method = '' } = request;
    const url = new URL(request.url ?? '', 'http://small');
    const id = decodeURIComponent(/^\/api\/charges\/(.+)$/.exec(url.pathname)?.[1] ?? '');
    const closed = once(response, 'close');
    const isLeft = (): boolean => request.socket.destroyed;
    const { bytes, isWhole } = await read(request);
    if (!isWhole) {
      if (manners.frail) end();
      if (bug === 'half a request is enough')
        rows.set(id, { status: 'applied', fingerprint: '', chargeId: charge(id) });
      return undefined;
    }
    if (manners.token !== undefined && request.headers.authorization !== `Bearer ${manners.token}`)
      return problem(401, 'Unauthenticated');
    if (method === 'PUT' && busy > 0) return { ...problem(429, 'Busy'), retryAfter: (busy -= 1) && 0 };
    if (manners.weather && (requests += 1) % 7 === 0) return problem(503, 'Unavailable');
    if (url.pathname === '/arm') {
      const { operation, isArmed } = JSON.parse(bytes) as { operation: 'PUT' | 'DELETE'; isArmed: boolean };
      armed[operation] = isArmed;
      return { status: 200, fields: {} };
    }
    if (id === '') return list(url.searchParams.get('orderId'));
    if (method === 'PUT') return locked(method, id, () => put(id, bytes, isLeft), closed);
    if (method === 'DELETE') return locked(method, id, () => undo(id, isLeft), closed);
    return probe(id);
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => void answer(request, response);
  const server = manners.tls ? createSecureServer(serverSecrets(manners.tls), listener) : createServer(listener);
  const end = (): void => {
    server.closeAllConnections();
    server.close();
  };
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = await handle(request, response);
    if (!reply) return;
    if (manners.lossy && (requests += 1) % 7 === 0) return void response.destroy();
    const isProblem = reply.status >= 400 && bug !== 'problems are plain JSON';
    if (reply.retryAfter !== undefined) response.setHeader('retry-after', reply.retryAfter);
    response.writeHead(reply.status, { 'content-type': isProblem ? 'application/problem+json' : 'application/json' });
    response.end(reply.fields && JSON.stringify(reply.fields));
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${manners.tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    books: async (id) => books.get(id),
    standing: () => [...books].flatMap(([id, { charges, refunds }]) => (charges > refunds ? [id] : [])),
    async close() {
      if (!server.listening) return;
      end();
      await once(server, 'close');
    },
  };
}

async function read(request: IncomingMessage): Promise<{ bytes: string; isWhole: boolean }> {
  let bytes = '';
  try {
    for await (const chunk of request) bytes += String(chunk);
    return { bytes, isWhole: request.complete };
  } catch {
    return { bytes, isWhole: false };
  }
}
