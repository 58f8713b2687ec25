/** The only way by which activities call a participant: time-out, correlation id, answers checked by schema, failures by table. */
import { isDeepStrictEqual } from 'node:util';
import { Context } from '@temporalio/activity';
import { z } from 'zod';
import { exchange, parseJson } from '../../platform/outbound/exchange.js';
import { kindOf } from '../../platform/reason.js';
import { retryAfterOf } from '../../platform/outbound/retry-after.js';
import type { Address } from '../../platform/outbound/service-access.js';
import { originHeaders } from '../interceptors/origin.js';
import { attemptNumber, fault, refusal } from './failures.js';

export interface ServiceRequest<Answer> {
  readonly method: 'PUT' | 'DELETE' | 'GET';
  readonly at: Address;
  readonly body?: unknown;
  /** The subject that the answer must have: its `id`, and each other field that it has. */
  readonly about: { readonly id: string; readonly orderId: string } & Readonly<Record<string, unknown>>;
  /** The schema of a 200; any other body is malformed. */
  readonly answer: z.ZodType<Answer>;
  /** The codes of this call's definitive refusals. */
  readonly refusals: readonly string[];
}

/** An answer, and how many attempts it took. */
export type Attempted<Answer> = Answer & { readonly attempts: number };

const Problem = z.object({ status: z.number(), code: z.string(), type: z.string(), title: z.string() });

const LONGEST_SPREAD_MS = 30_000;

/** No participant of ours answers with more; the result of an activity must stay small. */
const LONGEST_ANSWER = 64 * 1024;

/**
 * Calls a participant once. Temporal repeats it; the id in the URL makes that harmless (rule 19).
 *
 * @throws ApplicationFailure by the table in failures.ts
 */
export async function call<Answer>(request: ServiceRequest<Answer>): Promise<Attempted<Answer>> {
  const url = new URL(request.at.url);
  const { status, text, retryAfter } = await send(request, url);
  const where = `${request.method} ${url.host} answered ${status}`;
  const json = parseJson(text);
  if (status === 200) {
    const answer = request.answer.safeParse(json);
    if (!answer.success) throw alarming('MalformedAnswer', `${where} with a body that does not fit`);
    const other = otherThan(request.about, Object(json));
    if (other === undefined) return { ...answer.data, attempts: attemptNumber() };
    throw alarming('MalformedAnswer', `${where} about another ${other} than was asked`);
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    throw fault('ServiceUnavailable', where, { retryAfter: retryAfter * 1_000, left: budgetLeft() });
  }
  // Their body does not count: they are about this caller, not about the order.
  if (status === 401 || status === 403 || status === 407) {
    throw alarming('OperationalFault', `${where}: it does not accept our credentials`);
  }
  const problem = Problem.safeParse(json);
  if (!problem.success) throw alarming('MalformedAnswer', `${where} without a problem document`);
  const { code } = problem.data;
  if (problem.data.status === status && request.refusals.includes(code)) throw refusal(code);
  throw alarming('OperationalFault', `${where} ${code}`);
}

/** The time until the last attempt that the budget has room for, with the longest pause that is added to it. */
function budgetLeft(): number {
  const { isLocal, scheduleToCloseTimeoutMs, scheduledTimestampMs, startToCloseTimeoutMs } = Context.current().info;
  if (isLocal || !scheduleToCloseTimeoutMs) return Infinity;
  return scheduledTimestampMs + scheduleToCloseTimeoutMs - Date.now() - startToCloseTimeoutMs - LONGEST_SPREAD_MS;
}

/** Ended by the attempt's own time-out or by the cancel of the activity. */
async function send<Answer>({ method, body, at: { access } }: ServiceRequest<Answer>, url: URL) {
  const { cancellationSignal, info } = Context.current();
  try {
    const { status, text, headers } = await exchange({
      method,
      url,
      access,
      headers: {
        accept: 'application/json, application/problem+json',
        ...originHeaders(),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      within: info.startToCloseTimeoutMs,
      cancelled: cancellationSignal,
      longest: LONGEST_ANSWER,
    });
    return { status, text, retryAfter: retryAfterOf(headers['retry-after'], headers.date) ?? 0 };
  } catch (error) {
    throw fault('ServiceUnreachable', `${method} ${url.host}: ${kindOf(error)}`);
  }
}

/** The field in which the answer differs from the request. */
const otherThan = (about: ServiceRequest<unknown>['about'], answer: Readonly<Record<string, unknown>>) =>
  Object.keys(about).find(
    (field) => (field === 'id' || answer[field] !== undefined) && !isDeepStrictEqual(answer[field], about[field]),
  );

/** Neither a refusal nor a passing fault: an operator must look at it, while the saga goes on trying. */
function alarming(type: 'OperationalFault' | 'MalformedAnswer', message: string) {
  Context.current().log.error(message, { alert: type, attempt: attemptNumber() });
  return fault(type, message);
}
