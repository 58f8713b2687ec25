/** The worker's health, asked of a real Temporal server (O2): red as soon as a queue is not polled, or Temporal is silent. */
import http from 'node:http';
import { Connection } from '@temporalio/client';
import { lastPolls, type Polling } from '../../src/worker/pollers.js';
import { healthApp, watchPolls, type PollHealth } from '../../src/worker/health.js';
import { listen, stop, urlOf } from '../api/listening.js';
import { linkTo, type BreakableLink } from '../orders/breakable-link.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import type { TestEnv, TestWorker } from '../support/temporal.js';

const IDENTITY = 'worker-of-this-test';
const TASK_QUEUE = 'polled';
const WITHIN = 30_000;
/** Far longer than a poll of this server lasts. */
const LIMITS = { lookEvery: 50, answerWithin: 1_000, polledWithin: 4_000, answeredWithin: 2_000 };

let env: TestEnv;
let link: BreakableLink;
let connection: Connection;
let polling: Polling;
let worker: TestWorker;
let health: PollHealth;
let server: http.Server;

beforeAll(async () => {
  // Polls of a worker that has nothing to do begin again after this time, not after a minute.
  env = await createDevServer(['matching.longPollExpirationInterval="500ms"']);
  const [host = '', port] = env.address.split(':');
  link = await linkTo(host, Number(port));
  connection = Connection.lazy({ address: link.address, interceptors: [] });
  polling = {
    connection,
    namespace: env.namespace,
    identity: IDENTITY,
    queues: [{ name: TASK_QUEUE, kind: 'activity' }],
  };
});
afterAll(async () => {
  await connection?.close();
  await link?.close();
  await env?.close();
});

const startWorker = async (): Promise<void> => {
  const activities = { act: (): Promise<void> => Promise.resolve() };
  worker = await env.startWorker({ taskQueue: TASK_QUEUE, identity: IDENTITY, activities });
  await eventually('the first poll', WITHIN, async () => (await lastPolls(polling))[0] !== 0n);
};
beforeEach(async () => {
  await startWorker();
  health = watchPolls(polling, LIMITS);
  server = await listen(http.createServer(healthApp(health)));
});
afterEach(async () => {
  await worker.stop();
  health.stop();
  await stop(server);
});

async function ready(): Promise<{ status: number; reason: string | undefined }> {
  const response = await fetch(`${urlOf(server)}/health/ready`);
  const { reason } = (await response.json()) as { reason?: string };
  return { status: response.status, reason };
}

/** Why it has become so. */
async function turns(status: number): Promise<string | undefined> {
  const answer = await eventually(`health to be ${status}`, WITHIN, async () => {
    const now = await ready();
    return now.status === status && now;
  });
  return answer.reason;
}

/** Of a worker without work: the server sees it poll again and again. */
async function keepsGreenFor(polls: number): Promise<void> {
  const seen = new Set<bigint>();
  await eventually(`${polls} polls`, WITHIN, async () => {
    expect((await ready()).status).toBe(200);
    for (const time of await lastPolls(polling)) seen.add(time);
    return seen.size >= polls;
  });
}

it('is green as long as the worker polls, red when its queue is not polled although Temporal answers, and green again', async () => {
  // Longer than the limit: it is the polls that keep it green.
  await keepsGreenFor(12);
  await worker.stop();
  expect(await turns(503)).toBe(`the activity tasks of the queue ${TASK_QUEUE} are not polled`);
  await expect(lastPolls(polling)).resolves.toHaveLength(1);
  expect((await fetch(`${urlOf(server)}/health/live`)).status).toBe(200);
  await startWorker();
  await turns(200);
});

it('is red when Temporal hangs, and green again afterwards', async () => {
  await turns(200);
  link.stall();
  expect(await turns(503)).toMatch(/^Temporal does not answer \(/);
  await link.mend();
  await turns(200);
});
