import { setImmediate as nextTurn } from 'node:timers/promises';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { openSlots, slotsInterceptor, type Slots } from '../../../src/activities/interceptors/slots.js';
import { attemptNumber } from '../../../src/activities/service/failures.js';

type Info = NonNullable<ConstructorParameters<typeof MockActivityEnvironment>[0]>;

const silent = (): void => undefined;
const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };

/** One attempt of an activity that needs one of these slots; `heartbeats` are what Temporal hands to the next attempt. */
function attempt<Result>(slots: Slots | undefined, act: () => Promise<Result>, info: Info = {}) {
  const environment = new MockActivityEnvironment(info, { logger });
  const heartbeats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => heartbeats.push(details));
  const { inbound } = slotsInterceptor(() => slots)(environment.context);
  const run = (): Promise<Result> => inbound?.execute?.({ args: [], headers: {} }, act) as Promise<Result>;
  return { result: environment.run<[], Result, typeof run>(run), heartbeats, cancel: () => environment.cancel() };
}

const hang = (): Promise<never> => new Promise(() => undefined);
const answer = (): Promise<string> => Promise.resolve('answer');

const failureOf = async (attempted: { readonly result: Promise<unknown> }): Promise<ApplicationFailure> => {
  const failure: unknown = await attempted.result.catch((error: unknown) => error);
  if (!(failure instanceof ApplicationFailure)) throw new Error(`no ApplicationFailure: ${String(failure)}`);
  return failure;
};

/** Attempts `times` times at slots that are all taken, as Temporal would: each attempt gets the last heartbeat's details. */
async function turnedAway(times: number, info: Info = {}) {
  const slots = { ...openSlots('payment', 1), taken: 1 };
  let heartbeatDetails: unknown = info.heartbeatDetails;
  const failures: ApplicationFailure[] = [];
  for (let number = 1; number <= times; number++) {
    const attempted = attempt<string>(slots, answer, {
      ...info,
      attempt: (info.attempt ?? 1) - 1 + number,
      heartbeatDetails,
    });
    failures.push(await failureOf(attempted));
    heartbeatDetails = attempted.heartbeats.at(-1);
  }
  return { failures, heartbeatDetails };
}

describe('the slots of a service', () => {
  it('take as many calls as there are, and turn the next one away at once, without making it (rule 10)', async () => {
    const slots = openSlots('payment', 2);
    const made: string[] = [];
    const call = (name: string) => attempt(slots, () => (made.push(name), hang()));
    call('one');
    call('two');
    const third = failureOf(call('three'));
    await nextTurn();
    expect(made).toEqual(['one', 'two']);
    const failure = await third;
    expect(failure).toMatchObject({ type: 'NoFreeSlot', nonRetryable: false });
    expect(failure.message).toBe('all 2 slots for payment are taken');
  });

  it.each([
    ['answered', async (): Promise<void> => undefined],
    ['failed', () => Promise.reject(new Error('hangs up'))],
  ])('have room again when a call has %s', async (_how, act) => {
    const slots = openSlots('payment', 1);
    await attempt<void>(slots, act).result.catch(silent);
    expect(slots.taken).toBe(0);
    expect(await attempt(slots, answer).result).toBe('answer');
  });

  it('have room again when a call was aborted', async () => {
    const slots = openSlots('payment', 1);
    const aborted = attempt(
      slots,
      () =>
        new Promise<never>((_resolve, reject) => {
          setImmediate(() => reject(new CancelledFailure('CANCELLED')));
        }),
    );
    aborted.cancel();
    await expect(aborted.result).rejects.toThrow(CancelledFailure);
    expect(slots.taken).toBe(0);
  });

  it('are held until everything about the attempt is done, and not by one that was turned away', async () => {
    const slots = openSlots('payment', 1);
    let end: () => void = silent;
    const first = attempt(slots, () => new Promise<void>((resolve) => (end = resolve)));
    await failureOf(attempt(slots, answer));
    await failureOf(attempt(slots, answer));
    expect(slots.taken).toBe(1);
    end();
    await first.result;
    await nextTurn();
    expect(slots.taken).toBe(0);
  });

  it('are not asked by an activity that calls no service', async () => {
    expect(await attempt(undefined, answer).result).toBe('answer');
  });
});

describe('a call that finds all slots taken', () => {
  it('is tried again after pauses that double from half a second to a minute, spread over half of each (rule 10)', async () => {
    const { failures } = await turnedAway(10);
    for (const [index, failure] of failures.entries()) {
      const longest = Math.min(60_000, 500 * 2 ** index);
      expect(Number(failure.nextRetryDelay)).toBeGreaterThanOrEqual(longest / 2);
      expect(Number(failure.nextRetryDelay)).toBeLessThanOrEqual(longest);
    }
  });

  it('is not counted as an attempt at the service, by whichever worker the next attempt is made', async () => {
    const { failures, heartbeatDetails } = await turnedAway(3);
    expect(failures.map(({ details }) => details?.[0])).toEqual([{ attempts: 0 }, { attempts: 0 }, { attempts: 0 }]);
    const numbers = async (): Promise<number> => attemptNumber();
    expect(await attempt(openSlots('payment', 1), numbers, { attempt: 4, heartbeatDetails }).result).toBe(1);
    expect(await attempt(openSlots('payment', 1), numbers, { attempt: 6, heartbeatDetails }).result).toBe(3);
  });

  it('carries the number of earlier attempts, and its pauses go on growing from there', async () => {
    const before = await turnedAway(3);
    const { failures } = await turnedAway(1, { attempt: 6, heartbeatDetails: before.heartbeatDetails });
    expect(failures[0]?.details).toEqual([{ attempts: 2 }]);
    expect(Number(failures[0]?.nextRetryDelay)).toBeGreaterThanOrEqual(2_000);
  });

  it.each([
    undefined,
    null,
    'text',
    { turnedAway: 'many' },
    { turnedAway: -1 },
    { turnedAway: 7 },
    { turnedAway: 0.5 },
  ])('counts every attempt if the heartbeat details are not its own: %p', async (heartbeatDetails) => {
    const numbers = async (): Promise<number> => attemptNumber();
    expect(await attempt(openSlots('payment', 1), numbers, { attempt: 3, heartbeatDetails }).result).toBe(3);
  });
});
