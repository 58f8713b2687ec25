import { reasonOf } from './reason.js';
import { redact } from './secrets.js';

/** A reason not to start, as one sentence with its remedy. It is printed without a stack trace; the exit code is 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/**
 * The sentence to print for any error at the start. Drivers may quote a URL in their errors, so secrets are removed
 * from it.
 */
export function startSentence(error: unknown): string {
  return redact(error instanceof StartError ? error.message : `it did not start: ${reasonOf(error)}`);
}
