/** A check's expectations of an answer. The first one that does not hold ends the check. */
import { isDeepStrictEqual } from 'node:util';
import type { Answer } from './caller.js';

/** The rule is broken. */
export class Violation extends Error {
  override readonly name = 'Violation';

  constructor(
    readonly expected: string,
    readonly seen: string,
    /** The URL of the request. */
    readonly url?: string,
  ) {
    super(`expected ${expected}, saw ${seen}`);
  }
}

/** A precondition of the check failed; the check of another rule says why. */
export class NotReached extends Error {
  override readonly name = 'NotReached';
}

/** The most characters of an answer that are shown. */
const SHOWN = 400;

export const show = ({ status, text }: Answer): string => `${status} ${text.slice(0, SHOWN)}`.trim();

/** Expects the condition. @throws Violation */
export function expectThat(holds: boolean, expected: string, answer: Answer, seen = show(answer)): void {
  if (!holds) throw new Violation(expected, seen, answer.url);
}

/** Expects the status, and each named member with its value. @throws Violation */
export function expectAnswer(answer: Answer, status: number, fields: Readonly<Record<string, unknown>>): void {
  const holds =
    answer.status === status && Object.entries(fields).every(([name, value]) => answer.fields[name] === value);
  expectThat(holds, `${status} ${JSON.stringify(fields)}`, answer);
}

/** Accepts any answer but a problem. @throws NotReached */
export function given(answer: Answer, what: string): Answer {
  if (answer.status >= 300) throw new NotReached(`${what} was answered ${show(answer)}`);
  return answer;
}

/** Members that may differ between two answers to one request, because they identify the call. */
const OF_THE_CALL = new Set(['correlationId', 'traceId', 'requestId', 'instance']);

const lasting = ({ fields }: Answer) =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !OF_THE_CALL.has(name)));

export const isSameAnswer = (one: Answer, other: Answer): boolean =>
  one.status === other.status && isDeepStrictEqual(lasting(one), lasting(other));

/** Expects the stored answer again, without the members that identify the call. @throws Violation */
export function expectStored(answer: Answer, first: Answer): void {
  expectThat(isSameAnswer(answer, first), `the stored answer, ${show(first)}`, answer);
}

/** Expects a definitive business answer: 422 or 409 with a code of the participant. @throws Violation */
export function expectRefusal(answer: Answer, status: 409 | 422): void {
  const { code } = answer.fields;
  const own = typeof code === 'string' && code !== '' && code !== 'IdempotencyMismatch' && code !== 'AlreadyCancelled';
  expectThat(answer.status === status && own, `${status} with a "code" that names the reason`, answer);
}
