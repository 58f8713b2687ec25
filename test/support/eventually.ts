/** Waiting for a condition instead of sleeping. */
import { setTimeout as pause } from 'node:timers/promises';

/** Asks until the answer is neither undefined nor false, and returns it. What is thrown ends the waiting at once. */
export async function eventually<T>(
  what: string,
  within: number,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = performance.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`waited ${within} ms in vain for ${what}`);
    await pause(50);
  }
}
