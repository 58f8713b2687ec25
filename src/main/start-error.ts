import { reasonOf } from './reason.js';

/** What keeps a process from starting, as one sentence with its remedy: printed without a stack trace, exit code 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** The sentence to print for anything that was thrown while starting. */
export function startSentence(error: unknown): string {
  if (error instanceof StartError) return error.message;
  return `it did not start: ${reasonOf(error)}`;
}
