/** How a saga stands, from whoever can say: the saga itself, else Temporal, else the orders table (rule 30). */
import { WorkflowNotFoundError, type WorkflowExecutionDescription } from '@temporalio/client';
import { orderIdOf } from '../order.js';
import { getSagaState, SAGA_TYPE, SagaBlockedOnAttribute, SagaStateAttribute } from '../workflows/messages.js';
import type { SagaRecord } from '../workflows/messages.js';
import type { ApiDeps } from './deps.js';
import { SAGA_ID_PATTERN, sagaOutcomeSchema, sagaStateSchema, type SagaStatus } from './saga-schemas.js';
import { askTemporal, EngineUnavailableError } from './temporal.js';

/** A query waits for a worker as long as it is let. */
const PATIENCE_MS = 1_500;

type Engine = Pick<ApiDeps, 'temporal' | 'orders'>;

/**
 * Undefined if there is no such saga. `patience` bounds the wait for the workflow, in milliseconds; Temporal is asked
 * at the same time, because a saga that was terminated goes on answering queries as if it were running.
 */
export async function readSagaStatus(
  deps: Engine,
  sagaId: string,
  patience = PATIENCE_MS,
): Promise<SagaStatus | undefined> {
  if (!SAGA_ID_PATTERN.test(sagaId)) return undefined;
  const [run, record] = await Promise.all([describe(deps, sagaId), queryRecord(deps, sagaId, patience)]);
  if (run === 'away' || run === 'notFound') return statusFromOrders(deps, sagaId, run);
  const engineStatus = run.status.name;
  if (record && !ALARMS.has(engineStatus)) return { ...record, asOf: now(), source: 'workflow', engineStatus };
  return statusFromEngine(deps, sagaId, run);
}

/** Closed without a verdict: whatever the workflow would answer, it has stopped there. */
const ALARMS: ReadonlySet<string> = new Set(['FAILED', 'TIMED_OUT', 'TERMINATED']);

const now = (): string => new Date().toISOString();

async function describe(deps: Engine, sagaId: string): Promise<WorkflowExecutionDescription | 'away' | 'notFound'> {
  try {
    return await askTemporal(deps.temporal, PATIENCE_MS, () => deps.temporal.workflow.getHandle(sagaId).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'notFound';
    if (error instanceof EngineUnavailableError) return 'away';
    throw error;
  }
}

/** Undefined where no worker answers, or the workflow cannot: it is stuck on a bug, or has not begun. */
async function queryRecord(deps: Engine, sagaId: string, patience: number): Promise<SagaRecord | undefined> {
  const handle = deps.temporal.workflow.getHandle(sagaId);
  return askTemporal(deps.temporal, patience, () => handle.query(getSagaState)).catch(() => undefined);
}

async function statusFromEngine(deps: Engine, sagaId: string, run: WorkflowExecutionDescription): Promise<SagaStatus> {
  const { name: engineStatus } = run.status;
  const outcome = engineStatus === 'COMPLETED' ? await readOutcome(deps, sagaId) : undefined;
  const attribute = sagaStateSchema.safeParse(run.typedSearchAttributes.get(SagaStateAttribute)).data ?? 'STARTED';
  const state = engineStatus === 'CANCELLED' ? 'CANCELLED' : attribute;
  return {
    sagaId,
    sagaType: SAGA_TYPE,
    state,
    data: { orderId: orderIdOf(sagaId) },
    blockedOn: run.typedSearchAttributes.get(SagaBlockedOnAttribute) ?? null,
    ...outcome,
    createdAt: run.startTime.toISOString(),
    ...(run.closeTime && { updatedAt: run.closeTime.toISOString() }),
    asOf: now(),
    source: 'engine',
    engineStatus,
  };
}

/** What a closed workflow returned; the history has it, no worker is needed. */
async function readOutcome(deps: Engine, sagaId: string) {
  const handle = deps.temporal.workflow.getHandle(sagaId);
  const result: unknown = await askTemporal(deps.temporal, PATIENCE_MS, () => handle.result()).catch(() => undefined);
  return sagaOutcomeSchema.safeParse(result).data;
}

/** An accepted order has a status even while Temporal is away; how far it has come nobody can say then. */
async function statusFromOrders(
  deps: Engine,
  sagaId: string,
  run: 'away' | 'notFound',
): Promise<SagaStatus | undefined> {
  const orderId = orderIdOf(sagaId);
  const order = await deps.orders.get(orderId);
  if (!order?.startedAt) return undefined;
  return {
    sagaId,
    sagaType: SAGA_TYPE,
    state: 'STARTED',
    data: { orderId },
    createdAt: order.createdAt,
    asOf: order.startedAt,
    source: 'orders',
    ...(run === 'notFound' && { engineStatus: 'NOT_FOUND' }),
  };
}
