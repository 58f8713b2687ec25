// Rule 7: a hundred orders at once, with faults drawn by a seed, end with books that agree.
import { randomInt, randomUUID } from 'node:crypto';
import { cancelSaga } from '../../src/workflows/messages.js';
import { openShop, steering, type ServiceName, type Shop } from '../workflows/shop.js';
import { watchCalls, type Calls } from './calls.js';
import { expectNotice, expectOneEnd, expectReverseUndoing } from './facts.js';
import { ACTIONS } from './moments.js';
import { print } from './print.js';

const ORDERS = 100;
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
const SERVICES: readonly ServiceName[] = ['inventory', 'payment', 'shipping', 'notification'];

/** A small generator of its own, so that a seed means the same draws on every machine. */
function drawing(start: number): <T>(choices: readonly [T, ...T[]]) => T {
  let state = start;
  return (choices) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return choices[Math.floor((state / 2 ** 32) * choices.length)] ?? choices[0];
  };
}

type Draw = ReturnType<typeof drawing>;

const ORDER_KINDS = [
  {},
  {},
  {},
  { paymentMethod: 'pm_declined' },
  { items: [{ productId: '456', quantity: 10_000 }] },
  { shippingAddress: { name: 'A', street: 'B', city: 'C', postalCode: '1', country: 'AQ' } },
] as const;

let shop: Shop;
let calls: Calls;
beforeAll(async () => {
  calls = watchCalls(1);
  shop = await openShop({ interceptors: [calls.interceptor] });
});
afterAll(() => shop?.close());

async function armFaults(draw: Draw): Promise<void> {
  for (let count = 0; count < 30; count++) {
    const service = SERVICES[draw([0, 1, 2, 3])] ?? 'inventory';
    const mode = draw(['unavailable', 'drop-response', 'slow-answer', 'garbage']);
    const operation = service === 'notification' ? 'PUT' : draw(['PUT', 'PUT', 'DELETE']);
    await shop.arm(service, { mode, operation, times: draw([1, 3, 9]), delayMs: 50 });
  }
}

async function placeOne(draw: Draw): Promise<string> {
  const orderId = randomUUID();
  const sagaId = `order-${orderId}`;
  if (draw([true, false, false])) {
    calls.around(sagaId, draw(ACTIONS), async (call) => {
      const early = draw([true, false]);
      const cancel = () => shop.handleOf(sagaId).executeUpdate(cancelSaga, { args: [steering()] });
      // A refusal is an answer as well: the books tell whether it was right.
      if (early) await cancel().catch(() => undefined);
      const answer = await call.next();
      if (!early) await cancel().catch(() => undefined);
      return answer;
    });
  }
  return shop.place({ orderId, ...draw(ORDER_KINDS) }, { attemptTimeout: 20_000 });
}

it(`${ORDERS} orders at once with random faults end with agreeing books (rules 7, 22 and 28; SEED=${seed})`, async () => {
  const draw = drawing(seed);
  await armFaults(draw);
  const sagaIds: string[] = [];
  for (let count = 0; count < ORDERS; count++) sagaIds.push(await placeOne(draw));
  const outcomes = await shop.env.skipUntil(Promise.all(sagaIds.map((sagaId) => shop.handleOf(sagaId).result())));
  const counts: Record<string, number> = {};
  for (const { state, reason } of outcomes) {
    const verdict = state === 'FAILED' ? `FAILED ${reason}` : state;
    counts[verdict] = (counts[verdict] ?? 0) + 1;
  }
  print(`\n${ORDERS} orders with random faults, SEED=${seed}: ${JSON.stringify(counts)}\n`);
  for (const sagaId of sagaIds) {
    const [record, journal] = await Promise.all([shop.recordOf(sagaId), shop.journalOf(sagaId)]);
    expectOneEnd(journal, record);
    expectReverseUndoing(journal, record);
    await expectNotice(shop, sagaId, record);
  }
  expect(await shop.differences()).toEqual([]);
}, 240_000);
