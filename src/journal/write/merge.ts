/**
 * Merges a batch into the stored entries. Pure, so that every order of arrival can be tried.
 *
 *   1. An entry that is stored and equal is skipped; a late, smaller or repeated batch changes nothing.
 *   2. Entries of one run never differ, but for the closing: it is stored before the server has taken the action's result,
 *      and if the server never takes it, the run goes on otherwise. So entries of the same run supersede a closing that
 *      did not come true, and a closing supersedes nothing of its own run.
 *   3. Entries of another run than the stored one count only if Temporal says that it is the current one. From the first
 *      entry with other content on, they supersede the stored ones.
 *   4. A batch of another run must connect to the stored entries: by its first number, or by an entry that is equal. A run
 *      that was reset may share its beginning with a third one: it is given everything that it has ever sent.
 */
import { closingEntries, type Batch, type SentEntry } from './batch.js';
import { sameClosing, sameEntry, type EntryInForce } from '../tables/event-row.js';
import type { Head } from '../tables/saga-row.js';

/** Temporal's answer about a batch's run. A `reset` run shares the beginning of its history with another one. */
export type RunStanding = 'current' | 'reset' | 'superseded';

export type Plan =
  | { readonly kind: 'ignore'; readonly why: 'superseded' | 'unconnected' | 'overtaken' }
  /** The answer depends on Temporal: is the batch's run the current one? */
  | { readonly kind: 'ask' }
  | {
      readonly kind: 'store';
      readonly add: readonly SentEntry[];
      /** The number of the first stored entry that is superseded. */
      readonly supersedeFrom?: number;
      /** The closing as it is stored, by this batch or by an earlier one. */
      readonly closing?: { readonly attempts: number; readonly closedAt: string };
    };

/** @param inForce the stored entries from the batch's first number on, or from the first unconfirmed one, in order */
export function merge(
  head: Head | undefined,
  inForce: readonly EntryInForce[],
  batch: Batch,
  standing?: RunStanding,
): Plan {
  const { entries } = batch;
  const isOther = head !== undefined && head.runId !== batch.runId;
  if (isOther && standing === undefined) return { kind: 'ask' };
  if (isOther && standing === 'superseded') return { kind: 'ignore', why: 'superseded' };
  const stored = new Map(inForce.map((entry) => [entry.seq, entry]));
  const different = entries.find((entry) => isDifferent(stored.get(entry.seq), entry, isOther));
  if (isOther && !batch.required && !connects(head, stored, entries, standing)) {
    return { kind: 'ignore', why: 'unconnected' };
  }
  const from = different?.seq;
  const add = entries.filter(({ seq }) => !stored.has(seq) || (from !== undefined && seq >= from));
  const plan = { kind: 'store' as const, add, ...(from !== undefined && { supersedeFrom: from }) };
  return batch.closing ? withClosing(plan, stored, batch, batch.closing) : plan;
}

/**
 * The end of a run's last action that was stored without an answer comes again with another time: see `sameClosing`.
 */
const isDifferent = (stored: SentEntry | undefined, entry: SentEntry, isOther: boolean): boolean =>
  stored !== undefined && !sameEntry(stored, entry) && (isOther || !mayClose(entry) || !sameClosing(stored, entry));

const mayClose = ({ event: { type } }: SentEntry): boolean => type === 'SagaEnded' || type === 'SagaStepCompleted';

function connects(
  { version }: Head,
  stored: ReadonlyMap<number, SentEntry>,
  [first]: readonly SentEntry[],
  standing?: RunStanding,
): boolean {
  if (!first) return false;
  if (standing === 'current' && first.seq === version + 1 && !stored.has(first.seq)) return true;
  const known = stored.get(first.seq);
  return first.seq === 1 || (known !== undefined && sameEntry(known, first));
}

function withClosing(
  plan: Extract<Plan, { kind: 'store' }>,
  stored: ReadonlyMap<number, EntryInForce>,
  batch: Batch,
  closing: NonNullable<Batch['closing']>,
): Plan {
  const last = batch.entries.at(-1)?.seq;
  if (last === undefined) throw new Error('A closing follows upon the entry that its action has been started by');
  const pair = closingEntries(last, closing);
  const adding = { attempts: closing.attempts, closedAt: closing.at };
  if (plan.supersedeFrom !== undefined) return { ...plan, add: [...plan.add, ...pair], closing: adding };
  const [completed, ended] = pair.map(({ seq }) => stored.get(seq));
  if (!completed) return { ...plan, add: [...plan.add, ...pair], closing: adding };
  if (completed.event.type === 'SagaStepCompleted' && ended && pair.every((entry) => isStored(stored, entry))) {
    return { ...plan, closing: { attempts: completed.event.attempts, closedAt: completed.at } };
  }
  // The run has gone on without this attempt, which the server has given up.
  if (completed.runId === batch.runId) return { kind: 'ignore', why: 'overtaken' };
  return { ...plan, add: [...plan.add, ...pair], supersedeFrom: completed.seq, closing: adding };
}

function isStored(stored: ReadonlyMap<number, EntryInForce>, entry: SentEntry): boolean {
  const known = stored.get(entry.seq);
  return known !== undefined && sameClosing(known, entry);
}
