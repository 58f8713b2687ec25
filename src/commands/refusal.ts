/**
 * The reason for refusing a command, in words that may be stored and published: codes and names of fields, and no
 * value of the command.
 */
import type { ProblemCode, Problem, ProblemDetails } from '../problems.js';

export interface Refusal {
  /** A code of the API's table, or `Skipped` or `Dropped` by an operator. */
  readonly code: ProblemCode | 'Skipped' | 'Dropped';
  readonly detail: string;
}

export function refusalOf({
  code,
  message,
  details,
}: Pick<Problem, 'code' | 'message'> & { readonly details: ProblemDetails }): Refusal {
  const fields = details.errors?.map(({ field, message: why }) => `${field} ${why}`).join('; ');
  return { code, detail: oneLine(fields ?? message) };
}

/** Names of fields come from the sender, so characters that PostgreSQL cannot store, and line breaks, are replaced. */
export const oneLine = (text: string): string =>
  text
    .replace(/\p{Cc}/gu, ' ')
    .replace(/\p{Cs}/gu, '\ufffd')
    .slice(0, 1_000);
