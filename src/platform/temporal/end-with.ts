/** Calls to Temporal that end with their caller. */
import type { Connection } from '@temporalio/client';

/**
 * Makes the calls of `ask`, and cancels them when the signal fires. A signal of a whole process must not be handed to
 * the SDK: for each call it leaves a listener on the signal, which is never removed, and cancels no call that begins
 * after the signal has fired.
 *
 * @throws the signal's reason if it has fired before
 */
export async function endWith<T>(connection: Connection, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const calls = new AbortController();
  const end = (): void => calls.abort();
  signal.addEventListener('abort', end, { once: true });
  try {
    return await connection.withAbortSignal(calls.signal, ask);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
