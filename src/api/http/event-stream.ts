/** A saga's events as they come (server-sent events), to be resumed with `Last-Event-ID`. */
import { once } from 'node:events';
import type { Response } from 'express';
import { eventOfData } from '../../journal/tables/event-row.js';
import type { StoredEvent } from '../../journal/read/reader.js';
import type { ApiDeps } from '../deps.js';
import { Problem } from '../../problems.js';

/** Keeps proxies from closing a quiet connection, and shows when a reader is gone. */
const HEARTBEAT_MS = 15_000;
/** No event follows it. Its name does not tell: it begins with the saga's type, and any type is possible. */
const isTerminal = ({ data }: Pick<StoredEvent, 'data'>): boolean => eventOfData(data).type === 'SagaEnded';

interface Stream {
  /** Ends the stream; also aborted when the process is to end. */
  readonly over: AbortController;
  readonly close: () => void;
}

/** Counts the streams that each caller has open, with one listener for all of them for the end of this process. */
export function openStreams({ streamsPerCaller = Infinity, stopping }: ApiDeps): { open(caller: string): Stream } {
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

interface Sending {
  readonly sagaId: string;
  readonly after: number | undefined;
  /** The expiry of the caller's credentials. */
  readonly expiresAt: number | undefined;
  readonly over: AbortController;
}

/** Ends after the saga's last event, with the caller's credentials, with the connection, or with this process. */
export async function sendEvents({ journal }: ApiDeps, res: Response, sending: Sending): Promise<void> {
  const { sagaId, after, expiresAt, over } = sending;
  res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
  res.flushHeaders();
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
