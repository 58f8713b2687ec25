/** An archive in memory: what a store of journals does with what the activities carry, and how it can be away. */
import { isDeepStrictEqual } from 'node:util';
import { Context } from '@temporalio/activity';
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { closingEvents, JOURNAL_HEADER, type JournalHeader, type SentEntry } from '../../src/saga/journal/events.js';

export interface Delivery extends JournalHeader {
  /** The activity's type. */
  readonly by: string;
}

export interface Archive {
  readonly interceptor: ActivityInterceptorsFactory;
  /** What each attempt of an activity has carried, in order. */
  deliveriesOf(sagaId: string): readonly Delivery[];
  /** What is stored, by sequence number; without a gap where the saga rests. */
  storedOf(sagaId: string): readonly SentEntry[];
  /** Entries that came again with other content: an error of the library. */
  readonly conflicts: readonly string[];
  /** While it is away nothing is stored, and what must be is tried again. */
  away: boolean;
  /** The sagas for which it is away. */
  readonly awayFor: Set<string>;
}

/** `onTurnedAway` hears of each attempt to store what must be stored that came while the archive was away. */
export function createArchive(onTurnedAway: (sagaId: string) => void = () => undefined): Archive {
  const deliveries: Delivery[] = [];
  const conflicts: string[] = [];
  const stored = new Map<string, Map<number, SentEntry>>();

  function store(sagaId: string, entries: readonly SentEntry[]): void {
    const known = stored.get(sagaId) ?? new Map<number, SentEntry>();
    stored.set(sagaId, known);
    for (const entry of entries) {
      const twin = known.get(entry.seq);
      if (twin && !isDeepStrictEqual(entry, twin)) conflicts.push(`${JSON.stringify(entry)} ≠ ${JSON.stringify(twin)}`);
      known.set(entry.seq, entry);
    }
  }

  const contiguous = (sagaId: string): number => {
    let seq = 0;
    while (stored.get(sagaId)?.has(seq + 1)) seq += 1;
    return seq;
  };

  const archive: Archive = {
    away: false,
    awayFor: new Set(),
    conflicts,
    deliveriesOf: (id) => deliveries.filter(({ sagaId }) => sagaId === id),
    storedOf: (id) => [...(stored.get(id)?.values() ?? [])].sort((a, b) => a.seq - b.seq),
    interceptor: () => ({
      inbound: {
        async execute(input, next) {
          const payload = input.headers[JOURNAL_HEADER];
          if (!payload) return next(input);
          const { activityType, attempt } = Context.current().info;
          const header = defaultPayloadConverter.fromPayload<JournalHeader>(payload);
          const { sagaId, entries, required, closing } = header;
          deliveries.push({ ...header, by: activityType });
          const result: unknown = await next(input);
          const away = archive.away || archive.awayFor.has(sagaId);
          if (away && required) onTurnedAway(sagaId);
          if (away && required && !closing) throw ApplicationFailure.retryable('the archive is away', 'Away');
          if (away && !closing) return result;
          if (!away) store(sagaId, entries);
          const last = entries.at(-1)?.seq ?? 0;
          if (!closing) return { ...Object(result), storedUpTo: contiguous(sagaId) };
          const closedAt = new Date().toISOString();
          const ended = closingEvents(closing, attempt).map((event, index) => ({
            seq: last + 1 + index,
            at: closedAt,
            event,
          }));
          if (!away) store(sagaId, ended);
          return { ...Object(result), attempts: attempt, closedAt, ...(!away && { storedUpTo: last + 2 }) };
        },
      },
    }),
  };
  return archive;
}
