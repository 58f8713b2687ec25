/** One decision about many dead letters, worked off page by page. */
import type { DeadLetter, DeadLetters, LetterFilter } from '../journal/dead-letters/table.js';
import { reasonOf } from '../platform/reason.js';
import { resolveDeadLetter, type Change, type Shop, type Verb, type Worked } from './resolve-dead-letter.js';

export interface ManyLetters {
  /** Only open letters are taken. */
  readonly filter: LetterFilter;
  readonly verb: Verb;
  /** Each letter is decided under the request id followed by its own number, so that a repeat is the same decision. */
  readonly change: Change;
  /** Ends the work after the letters in progress. */
  readonly stop: AbortSignal;
}

const AT_A_TIME = 8;

/**
 * Resolves the letters; after one that fails the others go on. It may be repeated, because it takes only letters that
 * are still open.
 */
export async function* resolveDeadLetters(
  letters: DeadLetters,
  shop: Shop,
  { filter, verb, change, stop }: ManyLetters,
): AsyncGenerator<Worked & { readonly letter: DeadLetter }> {
  for (let after = '0'; !stop.aborted;) {
    const page = await letters.list({ ...filter, which: 'open' }, after, AT_A_TIME);
    if (page.length === 0) return;
    after = page.at(-1)?.id ?? after;
    const worked = page.map(async (letter) => {
      const own = { ...change, requestId: `${change.requestId}-${letter.id}` };
      const worked = await resolveDeadLetter(letters, shop, { letter, verb, change: own }).catch((error: unknown) => ({
        done: false,
        said: `it failed: ${reasonOf(error)}`,
      }));
      return { letter, ...worked };
    });
    yield* await Promise.all(worked);
  }
}
