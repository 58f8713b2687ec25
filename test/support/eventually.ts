/** Waiting for a condition instead of sleeping. */
import { setTimeout as pause } from 'node:timers/promises';

const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 50;

/** Asks until the answer is neither undefined nor false, and returns it. What is thrown ends the waiting at once. */
export async function eventually<T>(
  what: string,
  within: number,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = performance.now() + within;
  for (let wait = SHORTEST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`waited ${within} ms in vain for ${what}`);
    await pause(wait);
  }
}
