/**
 * A saga that is steered for long is continued as new before its history gets too long for the server, whether it
 * unwinds or waits in the middle of its body: the body is run again, and its finished steps give their results again.
 */
import { condition, workflowInfo } from '@temporalio/workflow';
import { isStored, storeAll } from './journal/carry.js';
import type { Run } from './run.js';

/** Far below the server's own limits (51,200 events, 50 MB), after which it would terminate the run. */
const MOST_EVENTS = 20_000;
const MOST_BYTES = 20_000_000;
const STORED_WITHIN = '10 seconds';

const isLong = ({ definition }: Run): boolean => {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= (definition.historyLimit ?? Infinity);
};

/** True if no request can be accepted any more, because each accepted request makes the history longer. */
export function isFull(): boolean {
  const { historyLength, historySize } = workflowInfo();
  return historyLength >= MOST_EVENTS || historySize >= MOST_BYTES;
}

/**
 * True if nothing is running or being decided, and every open branch of the body stands at a call that waits for an
 * operator.
 */
function isAtRest({ calls, body }: Run): boolean {
  const isUnderWay = [...calls.values()].some(({ scope, pending }) => scope || pending);
  return !isUnderWay && (body.inFlight.size === 0 || body.inFlight.size === calls.size);
}

/** Whether the run may end here, so that the next one goes on. */
export const mayHandOver = (run: Run): boolean => isLong(run) && isAtRest(run) && isStored(run);

/** Between two calls for the same step: hands over if the history is long and the journal is soon stored. */
export async function handOverBetweenCalls(run: Run): Promise<void> {
  if (!isLong(run) || !isAtRest(run)) return;
  void storeAll(run);
  // A decision that is accepted in between is acted on here: the next run would know nothing of it.
  await run.scopes.shield.run(() => condition(() => isStored(run) || !isAtRest(run), STORED_WITHIN));
  if (mayHandOver(run)) await handOver(run);
}

/** Ends this run. Nothing is accepted any more, and the caller goes on in the next run. */
export function handOver(run: Run): Promise<never> {
  run.handOver.isDecided = true;
  return new Promise(() => undefined);
}
