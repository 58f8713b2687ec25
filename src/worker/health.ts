/** The worker's health check: ready if the worker polls all of its queues, as Temporal sees it. */
import type { RequestListener } from 'node:http';
import { lastPolls, mayNotAsk, type Polling } from './pollers.js';
import { reasonOf } from '../platform/reason.js';
import { endWith } from '../platform/temporal/end-with.js';

/** Milliseconds. */
export interface PollLimits {
  readonly lookEvery: number;
  readonly answerWithin: number;
  /** By the server's default a poll waits for a task for at most 70 seconds, then the next one begins. */
  readonly polledWithin: number;
  /** After so long without an answer from Temporal the worker cannot be polling. */
  readonly answeredWithin: number;
}

const LIMITS: PollLimits = { lookEvery: 5_000, answerWithin: 5_000, polledWithin: 100_000, answeredWithin: 20_000 };

export interface PollHealth {
  /** Undefined if the worker polls all queues; else the reason. */
  complaint(): string | undefined;
  stop(): void;
}

/** Call it when every queue is polled. If the server refuses the question, the worker counts as polling. */
export function watchPolls(polling: Polling, limits = LIMITS): PollHealth {
  const { queues, connection } = polling;
  let seen: readonly bigint[] = [];
  let answeredAt = performance.now();
  let reason = '';
  const stopped = new AbortController();
  const polledAt = queues.map(() => performance.now());

  async function look(): Promise<void> {
    try {
      const ask = (): Promise<bigint[]> =>
        connection.withDeadline(Date.now() + limits.answerWithin, () => lastPolls(polling));
      const now = await endWith(connection, stopped.signal, ask);
      answeredAt = performance.now();
      for (const [index, time] of now.entries()) if (time > (seen[index] ?? 0n)) polledAt[index] = answeredAt;
      seen = now;
    } catch (error) {
      reason = reasonOf(error);
      if (!mayNotAsk(error)) return;
      answeredAt = performance.now();
      polledAt.fill(answeredAt);
    }
  }

  const timer = setInterval(() => void look(), limits.lookEvery);
  void look();
  return {
    complaint: () => {
      if (performance.now() - answeredAt > limits.answeredWithin) return `Temporal does not answer (${reason})`;
      const index = polledAt.findIndex((at) => performance.now() - at > limits.polledWithin);
      const queue = queues[index];
      return queue && `the ${queue.kind} tasks of the queue ${queue.name} are not polled`;
    },
    stop: () => {
      clearInterval(timer);
      // Aborts running calls, because a call that outlives its connection would be retried on a closed channel, and
      // that ends the process.
      stopped.abort();
    },
  };
}

/** `/health/live`: this process answers. `/health/ready`: the worker polls; else 503 with the reason. */
export const healthApp =
  (health: PollHealth): RequestListener =>
  (request, response) => {
    const send = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url === '/health/live') send(200, { status: 'live' });
    else if (request.url === '/health/ready') {
      const reason = health.complaint();
      if (reason === undefined) send(200, { status: 'ready' });
      else send(503, { status: 'unavailable', reason });
    } else send(404, { status: 'not found' });
  };
