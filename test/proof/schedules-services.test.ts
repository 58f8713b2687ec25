/**
 * Generated faults, cancels and operator actions against the real services, judged by the oracle (rules 34 and 37).
 * Faults are armed for a whole service, so one order is played at a time.
 */
import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { cancelSaga, resolveStep } from '../../src/workflows/messages.js';
import { openShop, steering, type ServiceName, type Shop } from '../workflows/shop.js';
import { watchCalls, type Calls } from './calls.js';
import { path, runsOr, seed } from './drill.js';
import { print } from './print.js';
import { brokenInJournal } from './journal-rules.js';

const ACTIONS = ['reserveInventory', 'processPayment', 'createShipment', 'sendConfirmation'] as const;
const UNDOING = ['releaseReservation', 'refundPayment', 'cancelShipment'] as const;

const fault = fc
  .record({
    service: fc.constantFrom<ServiceName>('inventory', 'payment', 'shipping', 'notification'),
    operation: fc.constantFrom('PUT', 'PUT', 'DELETE'),
    mode: fc.constantFrom('refuse', 'refuse', 'unavailable', 'drop-response', 'slow-answer', 'garbage'),
    // Twenty attempts in vain use up a step's budget.
    times: fc.constantFrom(1, 2, 20),
  })
  .filter(({ service, operation }) => service !== 'notification' || operation === 'PUT');

const orders = fc.record({
  faults: fc.array(fault, { maxLength: 3 }),
  cancel: fc.option(fc.record({ at: fc.constantFrom<string>(...ACTIONS, ...UNDOING), before: fc.boolean() }), {
    freq: 2,
  }),
  lastResort: fc.constantFrom('retry' as const, 'retry' as const, 'skip' as const),
});

type GeneratedOrder = typeof orders extends fc.Arbitrary<infer Value> ? Value : never;

let shop: Shop;
let calls: Calls;
beforeAll(async () => {
  print(`orders at the real services: --seed ${seed}`);
  calls = watchCalls(1);
  shop = await openShop({ interceptors: [calls.interceptor] });
});
afterAll(() => shop?.close());

async function play({ faults, cancel, lastResort }: GeneratedOrder): Promise<string> {
  await shop.disarm();
  const orderId = randomUUID();
  const sagaId = `order-${orderId}`;
  for (const { service, ...armed } of faults) await shop.arm(service, { ...armed, delayMs: 20 });
  if (cancel) {
    const ask = () => shop.handleOf(sagaId).executeUpdate(cancelSaga, { args: [steering()] });
    calls.around(sagaId, cancel.at, async (call) => {
      // A refusal is an answer as well: the books tell whether it was right.
      if (cancel.before) await ask().catch(() => undefined);
      const answer = await call.next();
      if (!cancel.before) await ask().catch(() => undefined);
      return answer;
    });
  }
  await shop.place({ orderId }, { attemptTimeout: 10_000, retriableBudget: 3_600_000 });
  let record = await shop.blocked(sagaId);
  for (let blocks = 0; record.blockedOn !== null; blocks++) {
    await shop.disarm();
    const request = { ...steering(), step: record.blockedOn, action: lastResort, requestId: `${sagaId}-${blocks}` };
    await shop.handleOf(sagaId).executeUpdate(resolveStep, { args: [request] });
    record = await shop.blocked(sagaId);
  }
  const broken = brokenInJournal(await shop.journalOf(sagaId), record);
  const differences = (await shop.differences()).map(({ kind, sentence }) => `34: ${kind}: ${sentence}`);
  if (broken.length + differences.length > 0) throw new Error([...broken, ...differences].join('\n'));
  return `${record.state} ${record.reason ?? ''}`.trimEnd();
}

const runs = runsOr(150);

it(
  'whatever the services do, the books agree with the verdicts (rule 34)',
  async () => {
    const begin = performance.now();
    const ends = new Map<string, number>();
    const property = fc.asyncProperty(orders, async (order) => {
      const end = await play(order);
      ends.set(end, (ends.get(end) ?? 0) + 1);
    });
    const replay = path === undefined ? {} : { path, endOnFailure: true };
    const result = await fc.check(property, { seed, numRuns: runs, ...replay });
    print(`orders at the real services: ${result.numRuns} in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
    for (const [end, times] of ends) print(`  ${end}: ${times}`);
    if (!result.failed) return;
    const again = `npm run reproduce -- --seed ${seed} --path ${result.counterexamplePath ?? ''} schedules-services`;
    throw new Error(`${again}\n${JSON.stringify(result.counterexample)}\n${String(result.errorInstance)}`);
  },
  300_000 + runs * 2000,
);
