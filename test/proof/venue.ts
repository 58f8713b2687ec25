/** Where generated sagas are played: on the server that skips time, or on a real one, whose time passes as on the clock. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { msToTs } from '@temporalio/common/lib/time.js';
import { createDevServer } from '../support/dev-server.js';
import { createTimeSkipping, type TestEnv } from '../support/temporal.js';
import type { Plan } from '../saga/scripted.js';

const MINUTE = 60_000;

export interface Venue {
  readonly env: TestEnv;
  /** A real server: calls may be cut in a back-off, and runs are continued as new. */
  readonly isReal: boolean;
  /** Eight attempts in vain use up each budget, and four do not. */
  readonly times: Pick<Plan, 'attempt' | 'budget' | 'undoBudget' | 'processing'>;
  /** How long an approval is awaited, in milliseconds, if somebody comes and if nobody does. */
  readonly approval: { readonly answered: number; readonly expires: number };
  /** Milliseconds on the clock within which a saga must end. */
  readonly patience: number;
  /** No further time is skipped before this has settled. */
  stopped<T>(wait: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openSkipping(): Promise<Venue> {
  const env = await createTimeSkipping();
  const clock = startClock(env);
  return {
    env,
    isReal: false,
    times: { attempt: 10_000, budget: MINUTE, undoBudget: MINUTE },
    // Where somebody comes, the clock is not there first.
    approval: { answered: 120 * MINUTE, expires: MINUTE },
    patience: 30_000,
    stopped: clock.stopped,
    close: async () => {
      clock.stop();
      await env.close();
    },
  };
}

export async function openReal(): Promise<Venue> {
  const env = await createDevServer();
  return {
    env,
    isReal: true,
    times: { attempt: 6_000, budget: 12_000, undoBudget: 12_000, processing: 200 },
    approval: { answered: 10 * MINUTE, expires: 1_500 },
    patience: 120_000,
    stopped: (wait) => wait,
    close: () => env.close(),
  };
}

/** Lets time skip ten minutes at a time, so that it never runs away from a saga that waits for somebody. */
function startClock({ connection }: TestEnv): Pick<Venue, 'stopped'> & { stop(): void } {
  const stopped = new AbortController();
  const waits = new Set<Promise<unknown>>();
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await Promise.allSettled(waits);
      await connection.withAbortSignal(stopped.signal, async () =>
        connection.testService?.unlockTimeSkippingWithSleep({ duration: msToTs(10 * MINUTE) }),
      );
      await nextTurn();
    }
  };
  // Ends with its server, if not before: where time stands still, a skip never returns.
  void run().catch(() => undefined);
  return {
    stopped: (wait) => {
      const waiting = wait.finally(() => waits.delete(waiting));
      waits.add(waiting);
      return waiting;
    },
    stop: () => stopped.abort(),
  };
}
