import { setMaxListeners } from 'node:events';
import { WorkflowFailedError, type Client } from '@temporalio/client';

/**
 * True when the saga has ended; false after `within` milliseconds, on the signal, or if no source answers. A run that
 * is continued as new is followed.
 */
export async function waitForEnd(
  temporal: Client,
  sagaId: string,
  within: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (within <= 0 || signal.aborted) return false;
  // The SDK adds a listener to it for each of its polls; the signal ends with the request.
  setMaxListeners(0, signal);
  const ended = temporal.withAbortSignal(signal, () =>
    temporal.withDeadline(Date.now() + within, () => temporal.workflow.getHandle(sagaId).result()),
  );
  return ended.then(
    () => true,
    (error: unknown) => error instanceof WorkflowFailedError,
  );
}
