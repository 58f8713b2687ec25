import { setImmediate as nextTurn } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { lanesInterceptor, openLane, type Lane } from '../../src/activities/lane.js';

type Info = NonNullable<ConstructorParameters<typeof MockActivityEnvironment>[0]>;

const FIRST: Info = { retryPolicy: { maximumAttempts: 1 } };
const LOCAL: Info = { ...FIRST, isLocal: true };

const silent = (): void => undefined;
const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };

/** Runs an attempt of an activity that has this lane. */
function attempt<Result>(lane: Lane, info: Info, act: () => Promise<Result>): Promise<Result> {
  const { inbound } = lanesInterceptor(() => lane)({} as never);
  const run = (): Promise<Result> => inbound?.execute?.({ args: [], headers: {} }, act) as Promise<Result>;
  return new MockActivityEnvironment(info, { logger }).run<[], Result, typeof run>(run);
}

/** An activity in a lane; what hangs in it hangs until `free` is called. */
function open(size: number) {
  let free: (() => void)[] = [];
  const calls: string[] = [];
  const hang = (what: string) => new Promise<string>((resolve) => (calls.push(what), free.push(() => resolve(what))));
  const lane = openLane(size);
  return {
    calls,
    call: (what: string, info: Info = FIRST): Promise<string> => attempt(lane, info, () => hang(what)),
    free: () => {
      for (const go of free) go();
      free = [];
    },
  };
}

const refusal = async (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

describe('a lane', () => {
  it('takes as many first attempts as it has room for, and turns away the next without making it', async () => {
    const { call, calls, free } = open(2);
    const under = [call('one'), call('two')];
    const third = refusal(call('three'));
    await nextTurn();
    expect(calls).toEqual(['one', 'two']);
    free();
    const turned = await third;
    expect(turned).toBeInstanceOf(ApplicationFailure);
    // Nothing was tried: the saga goes on at once.
    expect(turned).toMatchObject({ type: 'LaneFull', nonRetryable: false, details: [{ attempts: 0, pause: 0 }] });
    expect(await Promise.all(under)).toEqual(['one', 'two']);
  });

  it('has room again once one has ended, however it ended', async () => {
    const lane = openLane(1);
    await expect(attempt(lane, FIRST, () => Promise.reject(new Error('hangs up')))).rejects.toThrow('hangs up');
    expect(await attempt(lane, FIRST, () => Promise.resolve('answer'))).toBe('answer');
  });

  it('lets what Temporal repeats pass', async () => {
    const { call, free } = open(0);
    const passing = call('repeated', {});
    free();
    expect(await passing).toBe('repeated');
    expect(await refusal(call('first'))).toMatchObject({ type: 'LaneFull' });
  });

  it('keeps most of its room from those that hold up a workflow task', async () => {
    const { call, calls, free } = open(20);
    const locals = Array.from({ length: 8 }, (_, index) => call(`local ${index}`, LOCAL));
    expect(await refusal(call('local 9', LOCAL))).toMatchObject({ type: 'LaneFull' });
    const regular = call('regular');
    expect(calls).toHaveLength(9);
    free();
    await Promise.all([...locals, regular]);
  });
});
