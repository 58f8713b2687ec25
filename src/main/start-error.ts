/** What keeps a process from starting, as one sentence with its remedy: printed without a stack trace, exit code 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** The sentence to print for anything that was thrown while starting. */
export function startSentence(error: unknown): string {
  if (error instanceof StartError) return error.message;
  const text = error instanceof Error ? error.message : String(error);
  return `it did not start: ${text.split('\n')[0] ?? ''}`;
}
