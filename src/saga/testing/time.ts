/** Time on the time-skipping server. It is never left unlocked: an idle server's time runs away to the next timer. */
import { setTimeout as pause } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';

/** How long time may stand still on the clock, in milliseconds. */
const PATIENCE = 30_000;

/** Time did not pass: an activity hangs, a workflow task keeps failing, or the server has lost count of its locks. */
export class TimeStoodStillError extends Error {
  override readonly name = 'TimeStoodStillError';
}

/**
 * Lets this many milliseconds pass, skipping what is idle, and stops time again.
 *
 * @throws TimeStoodStillError after half a minute on the clock
 */
export async function passTime(env: TestWorkflowEnvironment, milliseconds: number): Promise<void> {
  const stopped = new AbortController();
  const stoodStill = pause(PATIENCE, undefined, stopped).then(() => {
    throw new TimeStoodStillError(
      'time stood still: an activity hangs, a workflow task keeps failing, or the server is at fault',
    );
  });
  // A call that outlives its server would be tried again on a closed channel, which ends the whole process.
  const slept = env.connection.withAbortSignal(stopped.signal, () => env.sleep(milliseconds));
  await Promise.race([slept, stoodStill]).finally(() => stopped.abort());
}
