/** Waits for an answer of another system with a time limit. */

export interface Patience<T> {
  readonly ms: number;
  /** When it fires, two more seconds are left. */
  readonly stopping?: AbortSignal;
  /** Receives an answer that arrives after the limit. */
  readonly onLate?: (late: T) => Promise<void>;
}

const LAST_MS = 2_000;

/** Rejects if the answer does not arrive in time. */
export async function withTimeLimit<T>(answer: Promise<T>, { ms, stopping, onLate }: Patience<T>): Promise<T> {
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
