import { getEventListeners } from 'node:events';
import { endWith } from '../../../src/platform/temporal/end-with.js';
import { createTimeSkipping, type TestEnv } from '../../support/temporal.js';

let env: TestEnv;
beforeAll(async () => {
  env = await createTimeSkipping();
});
afterAll(() => env?.close());

const look = () => env.connection.workflowService.getSystemInfo({});

describe('a call to Temporal that ends with its caller', () => {
  it('leaves nothing on the signal, however many calls there are', async () => {
    const { signal } = new AbortController();
    for (let calls = 0; calls < 12; calls++) await endWith(env.connection, signal, look);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is cancelled when the signal fires, and is not made afterwards', async () => {
    const over = new AbortController();
    const poll = (): Promise<unknown> =>
      env.connection.workflowService.pollActivityTaskQueue({
        namespace: env.namespace,
        taskQueue: { name: 'nothing' },
      });
    const polling = endWith(env.connection, over.signal, poll);
    over.abort();
    await expect(polling).rejects.toMatchObject({ details: 'Cancelled on client' });
    await expect(endWith(env.connection, over.signal, look)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
