/** The options that select dead letters. */
import { LETTER_KINDS, type LetterFilter } from '../journal/dead-letters/table.js';
import { parseDuration } from '../config/durations.js';
import { StartError } from '../platform/start-error.js';

export const FILTER_OPTIONS = {
  kind: { type: 'string' },
  saga: { type: 'string' },
  step: { type: 'string' },
  sink: { type: 'string' },
  code: { type: 'string' },
  'older-than': { type: 'string' },
} as const;

type Given = Readonly<Partial<Record<keyof typeof FILTER_OPTIONS | 'limit' | 'after', string>>>;

/** The filter has only the fields that are given. @throws StartError */
export function filterOf(given: Given): LetterFilter {
  const { saga: sagaId, step, sink, code } = given;
  const kind = LETTER_KINDS.find((known) => known === given.kind);
  if (given.kind !== undefined && !kind) {
    throw new StartError(`--kind is "${given.kind}", but must be one of ${LETTER_KINDS.join(', ')}.`);
  }
  const age = given['older-than'];
  const olderThan = age === undefined ? undefined : parseDuration(age);
  if (age !== undefined && olderThan === undefined) {
    throw new StartError(`--older-than is "${age}", but must be a duration such as 2h (ms, s, m, h or d).`);
  }
  const all = { kind, sagaId, step, sink, code, olderThan };
  for (const [name, value] of Object.entries(all)) {
    if (value === '' || (typeof value === 'string' && value.includes('\0'))) {
      throw new StartError(`The filter for ${name} is empty or no text.`);
    }
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** @throws StartError */
export function listOptionsOf({ limit = '', after = '0' }: Given): { readonly limit: number; readonly after: string } {
  if (!/^(?:[1-9]\d{0,8})?$/.test(limit)) throw new StartError(`--limit is "${limit}", but must be a whole number.`);
  if (!/^\d{1,18}$/.test(after))
    throw new StartError(`--after is "${after}", but must be the number of a dead letter.`);
  return { limit: limit === '' ? Infinity : Number(limit), after };
}
