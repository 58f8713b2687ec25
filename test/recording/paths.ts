/**
 * Every path that an order can take, and how it is brought about on a real dev server with the real services. Each must
 * have a committed history, so that no release breaks running orders unseen (rule 36).
 */
import type { ResolveAction } from '../../src/saga/saga.js';
import { cancelSaga, REPAIR, RUN_ENDED, SAGA_REPAIR, SagaStateAttribute } from '../../src/workflows/messages.js';
import type { CarriedSaga, OrderFulfillmentInput, SagaPolicy } from '../../src/workflows/messages.js';
import { eventually } from '../support/eventually.js';
import { steering, type ServiceName, type Shop } from '../workflows/shop.js';
import { approvalPaths } from './approval-paths.js';
import { ended, resolve, SHORT, waitingOrder, type Path } from './bringing.js';
import { steeredPaths } from './steered-paths.js';

const ALWAYS = 1000;

const simple =
  (service: ServiceName | undefined, fault: object, policy: Partial<SagaPolicy> = {}): Path =>
  async (shop) => {
    if (service) await shop.arm(service, fault);
    return ended(shop, await shop.place({}, policy));
  };

const until = (
  shop: Shop,
  sagaId: string,
  what: string,
  holds: (state: Awaited<ReturnType<Shop['recordOf']>>) => boolean,
) => eventually(what, 30_000, async () => holds(await shop.recordOf(sagaId)));

type Cancel = (order: ReturnType<Shop['handleOf']>) => Promise<unknown>;
const byUpdate: Cancel = (order) => order.executeUpdate(cancelSaga, { args: [steering()] });
const byTemporal: Cancel = (order) => order.cancel();

/** The order is cancelled while a step is under way. */
const cancelledAt =
  (service: ServiceName, step: string, cancel: Cancel = byUpdate): Path =>
  async (shop) => {
    await shop.arm(service, { mode: 'slow-answer', delayMs: 800 });
    const sagaId = await shop.place({}, SHORT);
    await until(shop, sagaId, step, ({ currentStep }) => currentStep === step);
    await cancel(shop.handleOf(sagaId));
    return ended(shop, sagaId);
  };

/** The address is refused, and the payment cannot be refunded for the time being. */
async function blocked(shop: Shop, fault: object, policy: Partial<SagaPolicy> = SHORT): Promise<string> {
  await shop.arm('shipping', { mode: 'refuse' });
  await shop.arm('payment', { ...fault, operation: 'DELETE', times: ALWAYS });
  const sagaId = await shop.place({}, policy);
  await until(shop, sagaId, 'the block', ({ blockedOn }) => blockedOn === 'process_payment');
  return sagaId;
}

const blockedThen =
  (fault: object, ...actions: readonly ResolveAction[]): Path =>
  async (shop) => {
    const sagaId = await blocked(shop, fault);
    await shop.disarm();
    for (const action of actions) await resolve(shop, sagaId, 'process_payment', action);
    return ended(shop, sagaId);
  };

/** An operator acts while the refund is still being retried. */
const inBackOff =
  (...actions: readonly ResolveAction[]): Path =>
  async (shop) => {
    await shop.arm('shipping', { mode: 'refuse' });
    await shop.arm('payment', { mode: 'unavailable', operation: 'DELETE', times: ALWAYS });
    const sagaId = await shop.place({}, { ...SHORT, compensationBudget: 600_000 });
    await until(shop, sagaId, 'the refund', ({ steps }) => steps[1]?.status === 'compensating');
    for (const action of actions) {
      await resolve(shop, sagaId, 'process_payment', action);
    }
    // Not before: an attempt that is under way and succeeds is quicker than the operator.
    await shop.disarm();
    return ended(shop, sagaId);
  };

/** The order stays blocked until its history is long, so that it goes on in a second run. */
async function continuedAsNew(shop: Shop): Promise<string> {
  const sagaId = await blocked(shop, { mode: 'refuse' }, { ...SHORT, historyLimit: 20 });
  await eventually('the second run', 30_000, async () => {
    const { raw, runId } = await shop.handleOf(sagaId).describe();
    return runId !== raw.workflowExecutionInfo?.firstRunId;
  });
  await shop.disarm();
  await resolve(shop, sagaId, 'process_payment', 'retry');
  return ended(shop, sagaId);
}

/** A cancel that waits for the first worker. */
async function cancelledAtStart(shop: Shop): Promise<string> {
  await shop.stopDeciding();
  const sagaId = await shop.place({}, SHORT);
  const decision = byUpdate(shop.handleOf(sagaId));
  await shop.startDeciding();
  await decision;
  return ended(shop, sagaId);
}

/** Its run is terminated while it waits for an approval, and what it holds is undone by a repair. */
async function repaired(shop: Shop): Promise<string> {
  const sagaId = await waitingOrder(shop);
  const record = await shop.recordOf(sagaId);
  const { length: seq } = await shop.journalOf(sagaId);
  const { taskQueue } = await shop.handleOf(sagaId).describe();
  const [input] = (await shop.inputOf(sagaId)) as [OrderFulfillmentInput];
  await shop.handleOf(sagaId).terminate('by mistake');
  const { orderId, policy } = input;
  const why = { action: REPAIR, actor: 'olga', reason: 'by mistake', requestId: 'repair-1' } as const;
  const carried: CarriedSaga = {
    record,
    seq,
    stack: [{ step: 'reserve_inventory', input: { orderId }, outcome: 'unknown' }],
    deadlineAt: Date.now() + policy.deadline,
    decisions: [],
    given: [],
    opening: { type: 'SagaIntervened', ...why, unwinds: RUN_ENDED },
  };
  await shop.env.client.workflow.start(SAGA_REPAIR, {
    workflowId: sagaId,
    taskQueue,
    args: [{ orderId, policy, notice: true }, carried],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    typedSearchAttributes: [{ key: SagaStateAttribute, value: 'COMPENSATING' }],
  });
  return ended(shop, sagaId);
}

const AWAY = { mode: 'unavailable', times: ALWAYS };
const LOST = { mode: 'drop-response', times: ALWAYS };

export const PATHS: Readonly<Record<string, Path>> = {
  completed: simple(undefined, {}),
  'refused-inventory': simple('inventory', { mode: 'refuse' }),
  'refused-payment': simple('payment', { mode: 'refuse' }),
  'refused-shipping': simple('shipping', { mode: 'refuse' }),
  'refused-confirmation': simple('notification', { mode: 'refuse' }),
  'answer-lost': simple('payment', { mode: 'drop-response' }),
  'attempt-cut-off': simple('shipping', { mode: 'delay', delayMs: 1500 }, { attemptTimeout: 1000 }),
  'undo-answer-lost': async (shop) => {
    await shop.arm('payment', { mode: 'drop-response', operation: 'DELETE' });
    return simple('shipping', { mode: 'refuse' })(shop);
  },
  'timed-out-inventory': simple('inventory', AWAY, SHORT),
  'timed-out-payment': simple('payment', LOST, SHORT),
  'timed-out-shipping': simple('shipping', { mode: 'garbage', times: ALWAYS }, SHORT),
  'deadline-exceeded': simple('payment', AWAY, { ...SHORT, stepTimeout: 60_000, deadline: 2500 }),
  'confirmation-undelivered': simple('notification', AWAY, SHORT),
  'notice-undelivered': async (shop) => {
    await shop.arm('notification', AWAY);
    return simple('payment', { mode: 'refuse' }, SHORT)(shop);
  },
  'cancelled-at-start': cancelledAtStart,
  'cancelled-at-inventory': cancelledAt('inventory', 'reserve_inventory'),
  'cancelled-at-payment': cancelledAt('payment', 'process_payment'),
  'cancelled-at-shipping': cancelledAt('shipping', 'create_shipment'),
  'cancelled-by-temporal': cancelledAt('payment', 'process_payment', byTemporal),
  'cancelled-by-temporal-too-late': cancelledAt('notification', 'send_confirmation', byTemporal),
  'blocked-refused-then-retried': blockedThen({ mode: 'refuse' }, 'retry'),
  'blocked-exhausted-then-retried': blockedThen({ mode: 'unavailable' }, 'retry'),
  'blocked-then-skipped': blockedThen({ mode: 'refuse' }, 'skip'),
  'retried-in-back-off': inBackOff('retry'),
  'blocked-by-operator-then-retried': inBackOff('block', 'retry'),
  'skipped-in-back-off': inBackOff('skip'),
  'continued-as-new': continuedAsNew,
  repaired,
  ...approvalPaths,
  ...steeredPaths,
};
