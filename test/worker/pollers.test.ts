/** Whether a worker polls, asked of a real Temporal server. */
import { watchPollers } from '../../src/worker/pollers.js';
import { createDevServer } from '../support/dev-server.js';
import type { TestEnv } from '../support/temporal.js';

let env: TestEnv;

beforeAll(async () => {
  env = await createDevServer();
}, 60_000);
afterAll(async () => {
  await env.close();
});

const IDENTITY = 'worker-of-this-test';
const activities = { act: (): Promise<void> => Promise.resolve() };
const LONG = 30_000;

const watching = async (taskQueue: string, patience: number): Promise<() => Promise<void>> =>
  await watchPollers(
    {
      connection: env.connection,
      namespace: env.namespace,
      identity: IDENTITY,
      queues: [{ name: taskQueue, kind: 'activity' }],
    },
    patience,
  );

it('a worker counts as polling once the server has seen it poll', async () => {
  const untilPolled = await watching('polled', LONG);
  await env.withWorker({ taskQueue: 'polled', identity: IDENTITY, activities }, untilPolled);
});

it('a worker that polls another queue is named with the queue that it does not poll', async () => {
  const untilPolled = await watching('not-polled', 0);
  await env.withWorker({ taskQueue: 'polled', identity: IDENTITY, activities }, async () => {
    await expect(untilPolled()).rejects.toThrow(
      /^The worker is not ready: it does not poll the activity tasks of the queue not-polled\.$/,
    );
  });
});

it('a worker of other workers does not count', async () => {
  const untilPolled = await watching('of-another', 0);
  const another = await watchPollers(
    {
      connection: env.connection,
      namespace: env.namespace,
      identity: 'another',
      queues: [{ name: 'of-another', kind: 'activity' }],
    },
    LONG,
  );
  await env.withWorker({ taskQueue: 'of-another', identity: 'another', activities }, async () => {
    await another();
    await expect(untilPolled()).rejects.toThrow(/does not poll/);
  });
});

it('a worker that has ended does not count for its successor of the same name', async () => {
  const first = await watching('restarted', LONG);
  await env.withWorker({ taskQueue: 'restarted', identity: IDENTITY, activities }, first);
  await expect((await watching('restarted', 0))()).rejects.toThrow(/does not poll/);
  const second = await watching('restarted', LONG);
  await env.withWorker({ taskQueue: 'restarted', identity: IDENTITY, activities }, second);
});
