/**
 * One exchange with a service, on a kept connection, with the service's credentials. It uses `node:http`, because
 * `fetch` takes two to three times the processor time for the same call, and a worker makes four calls for each
 * order.
 */
import http from 'node:http';
import https from 'node:https';
import { agentFor, IDLE_MS, type ServiceAccess } from './service-access.js';

export interface Outgoing {
  readonly method: string;
  /** If the service has no token, the URL's user and password are sent. */
  readonly url: URL;
  readonly access?: ServiceAccess | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Milliseconds for the whole exchange. */
  readonly within: number;
  readonly cancelled?: AbortSignal | undefined;
  /** The most characters of an answer. The rest of a longer answer is dropped, so that it does not parse. */
  readonly longest: number;
}

export interface Incoming {
  readonly status: number;
  readonly text: string;
  readonly headers: http.IncomingHttpHeaders;
}

const plain = new http.Agent({ keepAlive: true, timeout: IDLE_MS });

/**
 * Makes the exchange. Redirects are answers like any other, so that credentials go to no other server.
 *
 * @throws Error: a system error's or TLS's `code`, or `TimeoutError`, `AbortError` by name
 */
export async function exchange(outgoing: Outgoing): Promise<Incoming> {
  const { method, url, body, within, cancelled: signal } = outgoing;
  const { token, tls } = outgoing.access ?? {};
  const [{ request }, agent] = url.protocol === 'https:' ? ([https, agentFor(tls)] as const) : ([http, plain] as const);
  const headers = {
    ...outgoing.headers,
    ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  return await new Promise<Incoming>((resolve, reject) => {
    const sent = request(url, { method, agent, headers, ...(signal && { signal }) });
    const late = setTimeout(() => sent.destroy(new DOMException('no answer in time', 'TimeoutError')), within);
    const settle = (act: () => void): void => {
      clearTimeout(late);
      act();
    };
    // The listener stays, because an error after the answer must not end the process.
    sent.on('error', (error) => settle(() => reject(error)));
    sent.once('response', (response) => {
      readAtMost(response, outgoing.longest).then(
        (text) => settle(() => resolve({ status: response.statusCode ?? 0, text, headers: response.headers })),
        (error: unknown) => settle(() => reject(error)),
      );
    });
    sent.end(body);
  });
}

/** The value of a text that may not be JSON: undefined then. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const readAtMost = (response: http.IncomingMessage, limit: number): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      if (text.length <= limit) return;
      resolve(text);
      response.destroy();
    });
    response.once('end', () => resolve(text));
    response.on('error', reject);
    // The connection broke in the middle of the answer.
    response.once('close', () => {
      if (!response.complete) reject(new DOMException('the answer broke off', 'AbortError'));
    });
  });
