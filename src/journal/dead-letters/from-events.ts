/** The dead letters that follow from a saga's events: a pure fold, like the saga itself. */
import { applyEntry, blankRecord } from '../../saga/journal/fold.js';
import type { Repair } from '../../saga/journal/events.js';
import type { SentEntry } from '../write/batch.js';

export interface Letter {
  readonly kind: 'blocked' | 'undelivered';
  readonly step: string;
  /** The code of the last failure. */
  readonly reason: string;
  readonly firstAt: string;
  readonly lastAt: string;
  /** The attempts of the step's calls, as far as the workflow knows them. */
  readonly attempts: number;
  readonly resolution: string | null;
  readonly resolvedBy: string | null;
  readonly resolvedReason: string | null;
  readonly resolvedAt: string | null;
}

const OPEN = { resolution: null, resolvedBy: null, resolvedReason: null, resolvedAt: null };

const RESOLUTIONS: Readonly<Record<string, string>> = { retry: 'retried', skip: 'skipped' };

/** A later block of the same step opens its letter again. */
export function lettersOf(sagaId: string, entries: readonly SentEntry[]): Letter[] {
  const letters = new Map<string, Letter>();
  let record = blankRecord(sagaId);
  for (const entry of entries) {
    record = applyEntry(record, entry);
    const { event, at } = entry;
    if (event.type === 'SagaIntervened' && !('step' in event)) closeBlocked(letters, event, at);
    if (!('step' in event)) continue;
    const { step } = event;
    const attempts = record.steps.find(({ name }) => name === step)?.attempts ?? 0;
    const open = (kind: Letter['kind'], reason: string): void => {
      const firstAt = letters.get(`${kind} ${step}`)?.firstAt ?? at;
      letters.set(`${kind} ${step}`, { kind, step, reason, firstAt, lastAt: at, attempts, ...OPEN });
    };
    if (event.type === 'SagaBlocked') open('blocked', event.code);
    if ('deadLetter' in event) open('undelivered', event.code);
    const blocked = letters.get(`blocked ${step}`);
    if (event.type === 'SagaIntervened' && event.action !== 'block' && blocked?.resolution === null) {
      const resolution = RESOLUTIONS[event.action] ?? event.action;
      const by = { resolvedBy: event.actor, resolvedReason: event.reason, resolvedAt: at };
      letters.set(`blocked ${step}`, { ...blocked, resolution, ...by });
    }
  }
  return [...letters.values()];
}

/** A repair goes on in place of the run that was blocked. */
function closeBlocked(letters: Map<string, Letter>, { actor, reason }: Repair, at: string): void {
  for (const [key, letter] of letters) {
    if (letter.kind !== 'blocked' || letter.resolution !== null) continue;
    const by = { resolvedBy: actor, resolvedReason: reason, resolvedAt: at };
    letters.set(key, { ...letter, resolution: 'repaired', ...by });
  }
}

/** True if the event opens or closes a dead letter. */
export const concernsLetters = ({ event }: SentEntry): boolean =>
  event.type === 'SagaBlocked' || event.type === 'SagaIntervened' || 'deadLetter' in event;
