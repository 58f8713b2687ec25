/** The progress and closing lines of commands that walk over all sagas. */
import { reasonOf } from '../platform/reason.js';
import { complain, say } from './command.js';

const EVERY_MS = 5_000;

/** If the walk reached its end, and otherwise the reason. */
export type End = 'done' | 'stopped' | 'failed';

/**
 * Yields one saga after the other. Progress goes to standard error, so that standard output holds the findings alone.
 * A walk that ends early prints how to resume it.
 */
export async function overSagas<Saga extends { readonly sagaId: string }>(
  sagas: AsyncIterable<Saga>,
  stop: AbortSignal,
  each: (saga: Saga) => void,
): Promise<End> {
  let [count, told, last] = [0, performance.now(), ''];
  const goOn = (): string => (last === '' ? 'nothing was looked at' : `go on with --after ${last}`);
  try {
    for await (const saga of sagas) {
      each(saga);
      count += 1;
      last = saga.sagaId;
      if (performance.now() - told < EVERY_MS) continue;
      told = performance.now();
      complain(`${count} sagas, up to ${last}`);
    }
  } catch (error) {
    say(`ENDED EARLY after ${count} sagas (${reasonOf(error)}): ${goOn()}`);
    return 'failed';
  }
  if (!stop.aborted) return 'done';
  say(`STOPPED after ${count} sagas: ${goOn()}`);
  return 'stopped';
}
