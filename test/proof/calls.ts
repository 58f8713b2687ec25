/** What a proof does around the calls that an order's activities make. */
import { isDeepStrictEqual } from 'node:util';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

export interface Call {
  readonly sagaId: string;
  readonly activity: string;
  readonly attempt: number;
  /** Calls the service, as often as the proof says. */
  next(): Promise<unknown>;
}

type Around = (call: Call) => Promise<unknown>;

export interface Calls {
  readonly interceptor: ActivityInterceptorsFactory;
  /** Plays around the next attempt of this activity of this saga. */
  around(sagaId: string, activity: string, play: Around): void;
  /** The calls whose two answers were not the same. */
  readonly unequal: string[];
  /** The sagas in which a copy came after the undo and was refused by its tombstone, as it must be (rule 20). */
  readonly overtaken: Set<string>;
}

/** `copies: 2` sends every call twice, one after the other; the activity gets the first answer (rules 19 and 23). */
export function watchCalls(copies: 1 | 2): Calls {
  const plays = new Map<string, Around>();
  const unequal: string[] = [];
  const overtaken = new Set<string>();
  const interceptor: ActivityInterceptorsFactory = () => ({
    inbound: {
      execute(input, next) {
        const { activityType: activity, attempt, workflowExecution } = Context.current().info;
        const sagaId = workflowExecution?.workflowId ?? '';
        const once = (): Promise<unknown> => next(input);
        const differ = (answers: readonly unknown[]): void => {
          if (isDeepStrictEqual(answers[1], { refusal: 'AlreadyCancelled' })) overtaken.add(sagaId);
          else unequal.push(`${sagaId} ${activity} ${attempt}: ${JSON.stringify(answers)}`);
        };
        const call: Call = {
          sagaId,
          activity,
          attempt,
          next: copies === 1 ? once : () => twice(once, differ),
        };
        const key = `${sagaId} ${activity}`;
        const play = plays.get(key);
        // Once: the call that follows a first attempt has a first attempt of its own.
        plays.delete(key);
        return play ? play(call) : call.next();
      },
    },
  });
  return {
    interceptor,
    unequal,
    overtaken,
    around: (sagaId, activity, play) => void plays.set(`${sagaId} ${activity}`, play),
  };
}

async function twice(once: () => Promise<unknown>, differ: (answers: readonly unknown[]) => void): Promise<unknown> {
  const [first] = await Promise.allSettled([once()]);
  const [second] = await Promise.allSettled([once()]);
  const answers = [first, second].map(answerIn);
  // An answer that was lost on the way says nothing.
  if (answers.every((answer) => answer !== undefined) && !isDeepStrictEqual(answers[0], answers[1])) differ(answers);
  if (first.status === 'rejected') throw first.reason;
  return first.value;
}

/** A definitive answer of the service: a result or a refusal. How far the journal is stored is the worker's own to say. */
function answerIn(outcome: PromiseSettledResult<unknown>): unknown {
  if (outcome.status === 'fulfilled') return { result: { ...Object(outcome.value), storedUpTo: undefined } };
  const failure: unknown = outcome.reason;
  return failure instanceof ApplicationFailure && failure.nonRetryable ? { refusal: failure.type } : undefined;
}
