/** Waiting for somebody else's answer, but not for ever. */

export interface Patience<T> {
  readonly ms: number;
  /** Once it fires there are two more seconds. */
  readonly stopping?: AbortSignal;
  /** What is done with an answer that nobody waits for any more. */
  readonly onLate?: (late: T) => Promise<void>;
}

const LAST_MS = 2_000;

/** Rejects where the answer does not come in time. */
export async function within<T>(answer: Promise<T>, { ms, stopping, onLate }: Patience<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let hurry = (): void => undefined;
  let isLate = false;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = (waited: number): void => {
      isLate = true;
      reject(new Error(`no answer within ${waited / 1000} s`));
    };
    timer = setTimeout(giveUp, ms, ms);
    hurry = (): void => {
      clearTimeout(timer);
      timer = setTimeout(giveUp, Math.min(ms, LAST_MS), Math.min(ms, LAST_MS));
    };
  });
  if (stopping?.aborted) hurry();
  else stopping?.addEventListener('abort', hurry, { once: true });
  answer.then((value) => (isLate ? onLate?.(value) : undefined)).catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    stopping?.removeEventListener('abort', hurry);
  }
}
