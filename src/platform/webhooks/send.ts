/**
 * One attempt of a webhook: a POST whose answer is judged by its status alone (judge.ts). Redirects are not followed,
 * the body of an answer is read only so far that a short one ends properly, and each attempt has its own connection, so
 * that each checks its address.
 */
import http from 'node:http';
import https from 'node:https';
import { publicLookup, requirePublicHost } from './addresses.js';
import { signedHeaders, type Message } from './sign.js';
import { faultOfTarget, type TargetLimits } from './target.js';

export interface Attempt extends Message {
  readonly url: string;
  /** The one or two secrets that count at the moment. */
  readonly secrets: readonly string[];
  readonly rules: TargetLimits;
  /** Milliseconds for the name, the connection and the answer together. */
  readonly within: number;
  readonly cancelled?: AbortSignal | undefined;
}

/** The head of the endpoint's answer. */
export interface Answered {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly date: string | undefined;
}

/** Bytes of an answer's body; the connection of a longer one is closed. */
const READ_AT_MOST = 16_384;

const USER_AGENT = 'Unwind-Webhooks/1';

/** The code of a URL that the settings no longer allow. */
export const TARGET_REFUSED = 'TARGET_REFUSED';

class TargetRefusedError extends Error {
  override readonly name = 'TargetRefusedError';
  readonly code = TARGET_REFUSED;
}

/**
 * Sends once.
 *
 * @throws Error without an answer: a system error's or TLS's `code`, `ADDRESS_REFUSED`, `TARGET_REFUSED`, or
 *   `TimeoutError`, `AbortError` by name
 */
export async function sendWebhook(attempt: Attempt): Promise<Answered> {
  const { url: text, body, rules, within, cancelled: signal } = attempt;
  const fault = faultOfTarget(text, { ...rules, privateAddresses: true });
  if (fault !== undefined) throw new TargetRefusedError(`the endpoint ${fault}`);
  const url = new URL(text);
  if (!rules.privateAddresses) requirePublicHost(url);
  const options = {
    method: 'POST',
    // No kept connection: the address of each attempt is checked.
    agent: false,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': USER_AGENT,
      ...signedHeaders(attempt, attempt.secrets),
    },
    ...(!rules.privateAddresses && { lookup: publicLookup }),
    ...(signal && { signal }),
  } as const;
  return await new Promise<Answered>((resolve, reject) => {
    const sent = (url.protocol === 'https:' ? https : http).request(url, options);
    let answered: Answered | undefined;
    const end = (error?: unknown): void => {
      clearTimeout(late);
      if (answered) resolve(answered);
      else reject(error);
    };
    const late = setTimeout(() => sent.destroy(new DOMException('no answer in time', 'TimeoutError')), within);
    // The listener stays, because an error after the answer must not end the process.
    sent.on('error', end);
    sent.once('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      answered = { status, retryAfter: headers['retry-after'], date: headers.date };
      drain(response, end);
    });
    sent.end(body);
  });
}

/** Calls `ended` once: when the body has ended or was cut off. The status counts even if the body breaks off. */
function drain(response: http.IncomingMessage, ended: () => void): void {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > READ_AT_MOST) response.destroy();
  });
  response.on('error', () => undefined);
  response.once('close', ended);
}
