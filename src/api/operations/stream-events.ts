/** GET /api/sagas/{id}/stream: a saga's events as they come (server-sent events), to be resumed with `Last-Event-ID`. */
import { once } from 'node:events';
import type { Request, RequestHandler, Response } from 'express';
import { eventOfData } from '../../journal/tables/event-row.js';
import type { StoredEvent } from '../../journal/read/reader.js';
import { requireSaga } from '../http/access.js';
import { callerOf } from '../http/caller.js';
import type { ApiDeps } from '../deps.js';
import { hasEnded } from '../../steering/status.js';
import { invalidRequest, parseQuery } from '../../platform/validate.js';
import { streamQuerySchema } from '../schemas/pages.js';
import { Problem } from '../../problems.js';

/** Keeps proxies from closing a quiet connection, and finds out that a reader is gone. */
const HEARTBEAT_MS = 15_000;
/** Nothing follows it. Not told by its name, which begins with the saga's type, whatever that is called. */
const isTerminal = ({ data }: Pick<StoredEvent, 'data'>): boolean => eventOfData(data).type === 'SagaEnded';

export function streamEvents(deps: ApiDeps): RequestHandler<{ sagaId: string }> {
  const streams = openStreams(deps);
  return async (req, res) => {
    const { after: begin } = parseQuery(streamQuerySchema, req.query);
    const after = lastEventId(req) ?? begin;
    const { sagaId } = req.params;
    const caller = callerOf(req);
    await requireSaga(deps, caller, sagaId);
    const [saga, next] = await Promise.all([
      deps.journal.getSaga(sagaId),
      deps.journal.getEvents(sagaId, { after, limit: 1 }),
    ]);
    if (!saga && next.length === 0) throw new Problem('SagaNotFound');
    // There is nothing more to come: an EventSource that has been told everything stops asking.
    const told = saga && after !== undefined && next.length === 0 && hasEnded(saga);
    if (told) {
      res.status(204).end();
      return;
    }
    if (req.method === 'HEAD') {
      res.type('text/event-stream').end();
      return;
    }
    const counted = streams.open(caller.id === 'anybody' ? `address:${req.ip ?? ''}` : caller.id);
    res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    res.flushHeaders();
    await send(deps, res, { sagaId, after, expiresAt: caller.expiresAt, over: counted.over }).finally(counted.close);
  };
}

interface Stream {
  /** Ends it: aborted when the process is to end as well. */
  readonly over: AbortController;
  readonly close: () => void;
}

/** How many each caller has open, and one listener for all of them for the end of this process. */
function openStreams({ streamsPerCaller = Infinity, stopping }: ApiDeps): { open(caller: string): Stream } {
  const counts = new Map<string, number>();
  const open = new Set<AbortController>();
  stopping?.addEventListener('abort', () => {
    for (const over of open) over.abort();
  });
  return {
    open(caller) {
      const count = counts.get(caller) ?? 0;
      if (count >= streamsPerCaller) throw new Problem('TooManyStreams');
      counts.set(caller, count + 1);
      const over = new AbortController();
      open.add(over);
      if (stopping?.aborted) over.abort();
      return {
        over,
        close: () => {
          if (!open.delete(over)) return;
          const left = (counts.get(caller) ?? 1) - 1;
          if (left > 0) counts.set(caller, left);
          else counts.delete(caller);
        },
      };
    },
  };
}

function lastEventId(req: Request): number | undefined {
  const given = req.get('last-event-id');
  if (given === undefined) return undefined;
  if (/^\d{1,15}$/.test(given)) return Number(given);
  throw invalidRequest([{ field: 'Last-Event-ID', message: 'is the id of an event of this stream' }]);
}

interface Sending {
  readonly sagaId: string;
  readonly after: number | undefined;
  /** Of the caller's credentials. */
  readonly expiresAt: number | undefined;
  readonly over: AbortController;
}

/** Ends after the saga's last event, with the caller's credentials, with the connection, or with this process. */
async function send({ journal }: ApiDeps, res: Response, sending: Sending): Promise<void> {
  const { sagaId, after, expiresAt, over } = sending;
  const end = (): void => over.abort();
  const heartbeat = setInterval(() => res.write(': still here\n\n'), HEARTBEAT_MS);
  const expiry = expiresAt === undefined ? undefined : setTimeout(end, Math.min(expiresAt - Date.now(), 2 ** 31 - 1));
  res.once('close', end);
  try {
    res.write('retry: 1000\n\n');
    for await (const event of journal.follow(sagaId, { after, signal: over.signal })) {
      const drained = res.write(`id: ${event.position}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
      if (isTerminal(event) && event.supersededBy === null) break;
      if (!drained) await once(res, 'drain', { signal: over.signal });
    }
  } catch (error) {
    if (!over.signal.aborted) throw error;
  } finally {
    clearInterval(heartbeat);
    clearTimeout(expiry);
    res.end();
  }
}
