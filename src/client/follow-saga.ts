/**
 * A saga's events as they happen, over server-sent events. A broken connection is opened again after the last event.
 */
import { ApiError, type ClientOptions } from './client.js';
import type { Problem, SagaEvent } from './operations.js';

export interface FollowOptions {
  /** The position of the last known event; the stream begins after it. */
  readonly after?: number;
  readonly signal: AbortSignal;
}

const AGAIN_MS = 1_000;

/**
 * Yields events up to the saga's last one, or until the signal fires.
 * @throws ApiError if the API refuses the request
 */
export async function* followSaga(
  options: ClientOptions,
  sagaId: string,
  { after, signal }: FollowOptions,
): AsyncGenerator<SagaEvent> {
  let position = after;
  while (!signal.aborted) {
    const response = await connect(options, sagaId, position, signal).catch((error: unknown) => {
      if (error instanceof ApiError && error.status !== 0 && error.status !== 503) throw error;
    });
    if (response?.status === 204) return;
    for await (const event of response ? eventsOf(response, signal) : []) {
      position = event.position;
      yield event;
    }
    await waited(AGAIN_MS, signal);
  }
}

async function connect(
  { baseUrl, headers, fetch = globalThis.fetch }: ClientOptions,
  sagaId: string,
  position: number | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const response = await fetch(`${baseUrl}/api/sagas/${encodeURIComponent(sagaId)}/stream`, {
    headers: {
      accept: 'text/event-stream',
      ...headers,
      ...(position !== undefined && { 'last-event-id': String(position) }),
    },
    signal,
  }).catch((error: unknown) => {
    throw new ApiError(0, undefined, undefined, { cause: error });
  });
  if (response.ok) return response;
  const problem: unknown = await response.json().catch(() => undefined);
  throw new ApiError(response.status, problem as Problem | undefined, undefined);
}

async function* eventsOf(response: Response, signal: AbortSignal): AsyncGenerator<SagaEvent> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const messages = text.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) {
        const data = /^data: (.*)$/m.exec(message)?.[1];
        if (data !== undefined) yield JSON.parse(data) as SagaEvent;
      }
    }
  } catch (error) {
    // The connection broke, so it is opened again.
    if (error instanceof SyntaxError && !signal.aborted) throw error;
  }
}

const waited = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
