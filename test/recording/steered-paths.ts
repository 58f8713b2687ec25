/** The paths of an order that is steered while it goes forward or sends its last mail, and those that a reset makes. */
import { randomUUID } from 'node:crypto';
import proto from '@temporalio/proto';
import { approve, cancelSaga, type ResolveAction, type SagaPolicy } from '../../src/workflows/messages.js';
import { eventually } from '../support/eventually.js';
import { steering, type ServiceName, type Shop } from '../workflows/shop.js';
import { ended, resolve, SHORT, waitingOrder, type Path } from './bringing.js';

const UPDATES = proto.temporal.api.enums.v1.ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE;
const AWAY = { mode: 'unavailable', times: 1000 };
const PATIENT: Partial<SagaPolicy> = { ...SHORT, stepTimeout: 600_000, retriableBudget: 600_000 };

type Act = (shop: Shop, sagaId: string) => Promise<unknown>;

/** Somebody acts while a call waits for its next attempt; then the service is back. */
const inBackOffOf =
  (service: ServiceName, act: Act, policy: Partial<SagaPolicy> = PATIENT): Path =>
  async (shop) => {
    await shop.arm(service, AWAY);
    const sagaId = await shop.place({}, policy);
    await eventually('a back-off', 30_000, async () => {
      const { pendingActivities } = (await shop.handleOf(sagaId).describe()).raw;
      return !!pendingActivities?.some(({ attempt }) => Number(attempt) > 1);
    });
    await act(shop, sagaId);
    await shop.disarm();
    return ended(shop, sagaId);
  };

const asked =
  (step: string, action: ResolveAction): Act =>
  (shop, sagaId) =>
    resolve(shop, sagaId, step, action);

const cancelled: Act = (shop, sagaId) => shop.handleOf(sagaId).executeUpdate(cancelSaga, { args: [steering()] });

/** A decision that is accepted once the order stands in its next run. */
async function resolvedInNextRun(shop: Shop, sagaId: string): Promise<void> {
  await asked('process_payment', 'retry')(shop, sagaId);
  await eventually('the second run', 30_000, async () => {
    const { raw, runId } = await shop.handleOf(sagaId).describe();
    return runId !== raw.workflowExecutionInfo?.firstRunId && !raw.pendingWorkflowTask;
  });
}

/** To the end of the nth workflow task. */
async function reset(shop: Shop, sagaId: string, nth: number): Promise<void> {
  const { events } = await shop.handleOf(sagaId).fetchHistory();
  const finished = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  await shop.env.client.workflowService.resetWorkflowExecution({
    namespace: shop.env.namespace,
    workflowExecution: { workflowId: sagaId },
    reason: 'recorded',
    requestId: randomUUID(),
    workflowTaskFinishEventId: finished[nth - 1]?.eventId as never,
    resetReapplyExcludeTypes: [UPDATES],
  });
}

const resetWhenCompleted: Path = async (shop) => {
  const sagaId = await shop.place({}, SHORT);
  await shop.handleOf(sagaId).result();
  await reset(shop, sagaId, 2);
  return ended(shop, sagaId);
};

/** Cancelled while it waited, undone, reset to the wait, and approved. */
const resetBehindUnwinding: Path = async (shop) => {
  const sagaId = await waitingOrder(shop);
  const { events } = await shop.handleOf(sagaId).fetchHistory();
  const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes).length;
  await cancelled(shop, sagaId);
  await shop.handleOf(sagaId).result();
  await reset(shop, sagaId, tasks);
  const isWaiting = async (): Promise<boolean> => !!(await shop.recordOf(sagaId)).waitingFor;
  await eventually('the wait again', 30_000, isWaiting);
  await shop.handleOf(sagaId).executeUpdate(approve, { args: [steering()] });
  return ended(shop, sagaId);
};

/** The approval waits for the next worker. */
const approvedAfterRestart: Path = async (shop) => {
  const sagaId = await waitingOrder(shop);
  await shop.stopDeciding();
  const decision = shop.handleOf(sagaId).executeUpdate(approve, { args: [steering()] });
  await shop.handleOf(sagaId).describe();
  await shop.startDeciding();
  await decision;
  return ended(shop, sagaId);
};

export const steeredPaths: Readonly<Record<string, Path>> = {
  'payment-retried-in-back-off': inBackOffOf('payment', asked('process_payment', 'retry')),
  'payment-cancelled-in-back-off': inBackOffOf('payment', cancelled),
  'confirmation-retried-in-back-off': inBackOffOf('notification', asked('send_confirmation', 'retry')),
  'confirmation-skipped-in-back-off': inBackOffOf('notification', asked('send_confirmation', 'skip')),
  'notice-retried-in-back-off': async (shop) => {
    await shop.arm('shipping', { mode: 'refuse' });
    return inBackOffOf('notification', asked('send_cancellation_notice', 'retry'))(shop);
  },
  'continued-as-new-forward': inBackOffOf('payment', resolvedInNextRun, { ...PATIENT, historyLimit: 12 }),
  'reset-when-completed': resetWhenCompleted,
  'reset-behind-unwinding': resetBehindUnwinding,
  'approved-after-restart': approvedAfterRestart,
};
