// On the dev server: time passes as on the clock, and an activity may be counted while it waits.
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { openShop, type Shop } from './shop.js';

/** How often the worker was given an activity of a saga, calls that were turned away included. */
const given = new Map<string, number>();
const countingTasks: ActivityInterceptorsFactory = ({ info }) => {
  const key = `${info.workflowExecution?.workflowId} ${info.activityType}`;
  given.set(key, (given.get(key) ?? 0) + 1);
  return {};
};

let shop: Shop;
beforeAll(async () => {
  const limits = { payment: { concurrency: 1 } };
  shop = await openShop({ openServer: createDevServer, limits, interceptors: [countingTasks] });
});
afterAll(() => shop?.close());

const attemptsOf = async (sagaId: string): Promise<number[]> =>
  (await shop.recordOf(sagaId)).steps.map(({ attempts }) => attempts);

describe('a call that finds all slots of its service taken', () => {
  it('is not counted as an attempt, although its worker is restarted, and succeeds when a slot is free (rule 10)', () =>
    shop.play(async () => {
      const timesGiven = (sagaId: string, verb: string): number => given.get(`${sagaId} ${verb}`) ?? 0;
      await shop.arm('payment', { mode: 'delay', delayMs: 3_600_000 });
      const first = await shop.place({}, { attemptTimeout: 8_000 });
      await eventually('the slot to be taken', 20_000, () => timesGiven(first, 'processPayment') === 1);
      const second = await shop.place({}, { attemptTimeout: 8_000 });
      await eventually('a call that is turned away', 20_000, () => timesGiven(second, 'processPayment') > 1);
      await shop.stopActing();
      await shop.startActing();
      expect(await shop.outcomeOf(second)).toMatchObject({ state: 'COMPLETED' });
      expect(timesGiven(second, 'processPayment')).toBeGreaterThan(2);
      expect(await attemptsOf(second)).toEqual([1, 1, 1, 1]);
      expect(await shop.outcomeOf(first)).toMatchObject({ state: 'COMPLETED' });
      expect((await attemptsOf(first))[1]).toBeGreaterThan(1);
    }));

  it('is tried at the service once more than its slots were found taken, if the service refuses it later', () =>
    shop.play(async () => {
      await shop.arm('payment', { mode: 'delay', delayMs: 3_600_000 });
      const first = await shop.place({}, { attemptTimeout: 3_000 });
      await eventually('the slot to be taken', 20_000, () => (given.get(`${first} processPayment`) ?? 0) === 1);
      const declined = await shop.place({ paymentMethod: 'pm_declined' }, { attemptTimeout: 3_000 });
      await eventually('a call that is turned away', 20_000, () => (given.get(`${declined} processPayment`) ?? 0) > 1);
      expect(await shop.outcomeOf(declined)).toMatchObject({ state: 'FAILED', reason: 'PaymentDeclined' });
      const { steps } = await shop.recordOf(declined);
      expect(steps.find(({ name }) => name === 'process_payment')).toMatchObject({ attempts: 1 });
      await shop.outcomeOf(first);
    }));
});
