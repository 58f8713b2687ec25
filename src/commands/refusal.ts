/** Why a command is refused, in words that may be stored and published: codes and names of fields, no value that was sent. */
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

/** Names of fields are the sender's: PostgreSQL stores no null character and no half of a pair, and a header is one line. */
export const oneLine = (text: string): string =>
  text
    .replace(/\p{Cc}/gu, ' ')
    .replace(/\p{Cs}/gu, '\ufffd')
    .slice(0, 1_000);
