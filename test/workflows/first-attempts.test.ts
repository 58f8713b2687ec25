// On the dev server: time passes as on the clock, while nobody decides.
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { openShop, type Shop } from './shop.js';

const STEP_TIMEOUT = 3_000;

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer });
});
afterAll(() => shop?.close());

const isPausing = async (sagaId: string): Promise<boolean> => {
  const { events } = await shop.handleOf(sagaId).fetchHistory();
  return (events ?? []).some(({ timerStartedEventAttributes }) => timerStartedEventAttributes);
};

describe('the pause behind a first attempt', () => {
  it('may outlast the budget where nobody was there when it was over: the step has timed out (rule 11)', () =>
    shop.play(async () => {
      await shop.arm('payment', { mode: 'unavailable' });
      const sagaId = await shop.place({}, { stepTimeout: STEP_TIMEOUT });
      await eventually('the pause', 20_000, () => isPausing(sagaId));
      await shop.stopDeciding();
      const gone = (await shop.env.now()) + STEP_TIMEOUT;
      await eventually('the end of the budget', 20_000, async () => (await shop.env.now()) > gone);
      await shop.startDeciding();
      expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'FAILED', reason: 'StepTimedOut' });
    }));
});
