import { reasonOf } from './reason.js';
import { redact } from '../config/secrets.js';

/** What keeps a process from starting, as one sentence with its remedy: printed without a stack trace, exit code 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** The sentence to print for anything that was thrown while starting. Errors of drivers may quote a URL: no secret is in it. */
export function startSentence(error: unknown): string {
  return redact(error instanceof StartError ? error.message : `it did not start: ${reasonOf(error)}`);
}
