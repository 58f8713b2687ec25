/** The only place where activities call a participant: time-out, correlation id, answers checked by schema, failures by table. */
import { Context } from '@temporalio/activity';
import { z } from 'zod';
import { originHeaders } from './correlation.js';
import { fault, refusal } from './failures.js';

export interface ServiceRequest<Answer> {
  readonly method: 'PUT' | 'DELETE' | 'GET';
  readonly url: string;
  readonly body?: unknown;
  /** What a 200 must look like; anything else is malformed. */
  readonly answer: z.ZodType<Answer>;
  /** The codes that are this call's definitive answers. */
  readonly refusals: readonly string[];
}

/** An answer, and how many attempts it took. */
export type Attempted<Answer> = Answer & { readonly attempts: number };

const Problem = z.object({ status: z.number(), code: z.string(), type: z.string(), title: z.string() });

/** No participant of ours answers with more; what an activity returns must stay small. */
const LONGEST_ANSWER = 64 * 1024;

/**
 * Calls a participant once. Temporal repeats it; the id in the URL makes that harmless (rule 19).
 *
 * @throws ApplicationFailure by the table in failures.ts
 */
export async function call<Answer>(request: ServiceRequest<Answer>): Promise<Attempted<Answer>> {
  const { attempt } = Context.current().info;
  const { status, text, retryAfter } = await exchange(request, attempt);
  const where = `${request.method} ${new URL(request.url).host} answered ${status}`;
  const json = parse(text);
  if (status === 200) {
    const answer = request.answer.safeParse(json);
    if (answer.success) return { ...answer.data, attempts: attempt };
    throw alarming('MalformedAnswer', `${where} with a body that does not fit`, attempt);
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    throw fault('ServiceUnavailable', where, attempt, retryAfter);
  }
  const problem = Problem.safeParse(json);
  if (!problem.success) throw alarming('MalformedAnswer', `${where} without a problem document`, attempt);
  const { code } = problem.data;
  if (problem.data.status === status && request.refusals.includes(code)) throw refusal(code, attempt);
  throw alarming('OperationalFault', `${where} ${code}`, attempt);
}

/** One exchange over the wire, ended by the attempt's own time-out or by the cancel of the activity. */
async function exchange<Answer>({ method, url, body }: ServiceRequest<Answer>, attempt: number) {
  const { cancellationSignal, info } = Context.current();
  try {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.any([cancellationSignal, AbortSignal.timeout(info.startToCloseTimeoutMs)]),
      headers: {
        accept: 'application/json, application/problem+json',
        ...originHeaders(),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      redirect: 'error',
    });
    const retryAfter = Number(response.headers.get('retry-after') ?? 0) || 0;
    return { status: response.status, text: await readAtMost(response, LONGEST_ANSWER), retryAfter };
  } catch (error) {
    const reason = error instanceof Error ? causeOf(error) : String(error);
    throw fault('ServiceUnreachable', `${method} ${new URL(url).host}: ${reason}`, attempt);
  }
}

const causeOf = (error: Error): string =>
  error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : error.name;

/** Reads a body up to a limit; the rest of a longer one is given up, and what was read will not parse. */
async function readAtMost(response: Response, limit: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > limit) break;
  }
  return text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Neither a refusal nor weather: somebody must look at it, while the saga goes on trying. */
function alarming(type: 'OperationalFault' | 'MalformedAnswer', message: string, attempts: number) {
  Context.current().log.error(message, { alert: type, attempt: attempts });
  return fault(type, message, attempts);
}
