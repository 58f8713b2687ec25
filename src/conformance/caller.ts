/** One request to the participant, repeated as rule 10 asks, and recorded with its answer. */
import { setTimeout as pause } from 'node:timers/promises';
import { exchange, type Incoming } from '../platform/outbound/exchange.js';
import { retryAfterOf } from '../platform/outbound/retry-after.js';
import type { ServiceAccess } from '../platform/outbound/service-access.js';
import { kindOf } from '../platform/reason.js';
import { leave, type Leaving } from './leave.js';
import type { Sent } from './options.js';

export interface Request {
  readonly method: string;
  readonly url: string;
  readonly body?: string | undefined;
}

export interface Answer {
  /** The URL of the request. */
  readonly url: string;
  readonly status: number;
  /** The number of attempts: more than one if the first answers were lost, or said "repeat it". */
  readonly attempts: number;
  readonly contentType: string;
  readonly text: string;
  /** The members of the JSON object in the body; none if the body is something else. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Caller {
  /** @throws UnansweredError if no attempt was answered */
  send(request: Request): Promise<Answer>;
  /** Breaks the connection on purpose; the result is not known. */
  lose(request: Request, when: Leaving): Promise<void>;
}

/** Neither an answer nor a refusal. `message` is a code such as ECONNREFUSED, or `TimeoutError`. */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError';
}

interface CallerOptions {
  readonly access: ServiceAccess;
  readonly correlationId: string;
  /** Milliseconds for one answer. */
  readonly within: number;
  readonly stop?: AbortSignal | undefined;
  readonly sent: Sent[];
}

const ATTEMPTS = 5;
/** The bound for a participant that says when to come again. */
const ASKED_ATTEMPTS = 30;
const LONGEST_PAUSE_MS = 5_000;
const LONGEST_ANSWER = 1024 * 1024;

/** Rule 10: these statuses say "repeat it", and nothing about the effect. */
const isRetryable = (status: number): boolean => [408, 425, 429].includes(status) || status >= 500;

export function createCaller({ access, correlationId, within, stop, sent }: CallerOptions): Caller {
  const outgoing = ({ method, url, body }: Request) => ({
    method,
    url: new URL(url),
    // Credentials go to the participant's origin only, because a preparation may call another party.
    access: new URL(url).origin === new URL(access.url).origin ? access : undefined,
    headers: {
      accept: 'application/json, application/problem+json',
      'x-correlation-id': correlationId,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    body,
    within,
    cancelled: stop,
    longest: LONGEST_ANSWER,
  });
  const write = ({ method, url, body }: Request, came: string): void => void sent.push({ method, url, body, came });

  return {
    async send(request) {
      for (let attempt = 1; ; attempt++) {
        const came = await exchange(outgoing(request)).catch((error: unknown) => kindOf(error));
        stop?.throwIfAborted();
        write(request, typeof came === 'string' ? came : String(came.status));
        if (typeof came !== 'string' && !isRetryable(came.status)) return answerOf(request, came, attempt);
        const asked =
          typeof came === 'string' ? undefined : retryAfterOf(came.headers['retry-after'], came.headers.date);
        if (attempt >= (asked === undefined ? ATTEMPTS : ASKED_ATTEMPTS)) {
          if (typeof came === 'string') throw new UnansweredError(came);
          return answerOf(request, came, attempt);
        }
        const wait = asked === undefined ? 25 * 2 ** attempt : asked * 1_000 + 25;
        await pause(Math.min(LONGEST_PAUSE_MS, wait), undefined, { ...(stop && { signal: stop }) });
      }
    },
    async lose(request, when) {
      write(request, `connection broken ${when}`);
      await leave(outgoing(request), when);
      stop?.throwIfAborted();
    },
  };
}

function answerOf({ url }: Request, { status, text, headers }: Incoming, attempts: number): Answer {
  return { url, status, attempts, text, contentType: headers['content-type'] ?? '', fields: fieldsOf(text) };
}

function fieldsOf(text: string): Answer['fields'] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Answer['fields']) : {};
  } catch {
    return {};
  }
}
