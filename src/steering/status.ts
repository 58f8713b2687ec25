/**
 * The status of a saga of any type, from the first source that has it: the read model, the saga itself, Temporal, the
 * orders table (rule 30).
 */
import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import type { JournalReader, StoredSaga } from '../journal/read/reader.js';
import { orderIdOf } from '../order.js';
import { getSagaState, ORDER_WORKFLOWS, SAGA_TYPE, SagaBlockedOnAttribute } from '../workflows/messages.js';
import { SAGA_TYPE_MEMO, SagaStateAttribute, type SagaRecord } from '../workflows/messages.js';
import { pauseOf } from './pause.js';
import { SAGA_ID_PATTERN } from './saga-ids.js';
import { sagaOutcomeSchema, sagaStateSchema, type SagaStatus } from './shapes.js';
import { askTemporal, TemporalUnavailableError } from '../platform/temporal/ask.js';
import { Problem } from '../problems.js';
import { DatabaseUnavailableError } from '../platform/database/unavailable.js';

/** A query would wait for a worker without end, so it has this limit. */
const PATIENCE_MS = 1_500;
/** The read model's status is as good without Temporal, so Temporal gets little time. */
const ALARM_PATIENCE_MS = 300;

export interface StatusDeps {
  readonly journal: Pick<JournalReader, 'getSaga'>;
  readonly temporal: Client;
  /** Asked last: an accepted order has a status even while Temporal is away. */
  readonly orders: {
    get(orderId: string): Promise<{ readonly createdAt: string; readonly startedAt: string | null } | undefined>;
  };
}

export interface HowToAsk {
  /** Bounds the wait for the workflow, in milliseconds. */
  readonly patience?: number;
  /** The workflow first, and the read model if the workflow does not answer. */
  readonly fresh?: boolean;
}

/**
 * Undefined if there is no such saga. Temporal is asked at the same time, because a terminated saga still answers
 * queries as if it were running.
 *
 * @throws Problem or DatabaseUnavailableError if those who may know of a saga that is no order's cannot be asked
 */
export async function readSagaStatus(
  deps: StatusDeps,
  sagaId: string,
  { patience = PATIENCE_MS, fresh = false }: HowToAsk = {},
): Promise<SagaStatus | undefined> {
  if (!SAGA_ID_PATTERN.test(sagaId)) return undefined;
  const view = await viewOf(deps, sagaId);
  if (view && !fresh) return statusFromView(deps, view);
  const [run, record] = await Promise.all([describe(deps, sagaId, PATIENCE_MS), queryRecord(deps, sagaId, patience)]);
  if (run === 'away' || run === 'notFound') {
    return view ? viewFor(view, run) : statusFromTables(deps, sagaId, run);
  }
  const temporalStatus = run.status.name;
  if (record && !ALARMS.has(temporalStatus))
    return { ...record, asOf: now(), source: 'workflow', ...temporalSays(run) };
  return view ? viewFor(view, run) : statusFromTemporal(deps, sagaId, run);
}

/** A tag that is the same for the same state from any source; source and time are left out. */
async function viewOf({ journal }: Pick<StatusDeps, 'journal'>, sagaId: string): Promise<StoredSaga | undefined> {
  const view = await journal.getSaga(sagaId).catch((error: unknown) => {
    if (error instanceof DatabaseUnavailableError) return undefined;
    throw error;
  });
  return view && view.version > 0 ? view : undefined;
}

/** Closed without a verdict: the workflow has stopped, even if its query still answers. */
export const ALARMS: ReadonlySet<string> = new Set(['FAILED', 'TIMED_OUT', 'TERMINATED']);

const ENDED: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

/** True if the state is a verdict. */
export const hasEnded = ({ state }: { readonly state: string }): boolean => ENDED.has(state);

const now = (): string => new Date().toISOString();

/** Asks Temporal if a saga that is open in the read model still runs. */
async function statusFromView(deps: StatusDeps, view: StoredSaga): Promise<SagaStatus> {
  if (hasEnded(view)) return viewFor(view, 'away');
  return viewFor(view, await describe(deps, view.sagaId, ALARM_PATIENCE_MS));
}

/** Temporal's description of the workflow, if it was asked and has answered. */
type TemporalsAnswer = WorkflowExecutionDescription | 'away' | 'notFound';

function temporalSays(run: TemporalsAnswer): Pick<SagaStatus, 'temporalStatus' | 'paused'> {
  if (run === 'away') return {};
  if (run === 'notFound') return { temporalStatus: 'NOT_FOUND' };
  const paused = pauseOf(run);
  return { temporalStatus: run.status.name, ...(paused && { paused }) };
}

const viewFor = (
  { version: _version, branch: _branch, behindGap: _behindGap, ...view }: StoredSaga,
  run: TemporalsAnswer,
): SagaStatus => ({ ...view, source: 'readModel', ...temporalSays(run) });

async function describe(deps: StatusDeps, sagaId: string, patience: number): Promise<TemporalsAnswer> {
  try {
    return await askTemporal(deps.temporal, patience, () => deps.temporal.workflow.getHandle(sagaId).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'notFound';
    if (error instanceof TemporalUnavailableError) return 'away';
    throw error;
  }
}

/** Undefined if no worker answers, or if the workflow cannot: it fails its task, or has not begun. */
async function queryRecord(deps: StatusDeps, sagaId: string, patience: number): Promise<SagaRecord | undefined> {
  const handle = deps.temporal.workflow.getHandle(sagaId);
  return askTemporal(deps.temporal, patience, () => handle.query(getSagaState)).catch(() => undefined);
}

async function statusFromTemporal(
  deps: StatusDeps,
  sagaId: string,
  run: WorkflowExecutionDescription,
): Promise<SagaStatus | undefined> {
  const shown = run.typedSearchAttributes.get(SagaStateAttribute);
  const isOrder = ORDER_WORKFLOWS.includes(run.type);
  // Temporal runs other workflows than sagas as well.
  if (!isOrder && shown === undefined) return undefined;
  const { name: temporalStatus } = run.status;
  const outcome = temporalStatus === 'COMPLETED' ? await readOutcome(deps, sagaId) : undefined;
  const state = temporalStatus === 'CANCELLED' ? 'CANCELLED' : (sagaStateSchema.safeParse(shown).data ?? 'STARTED');
  return {
    sagaId,
    sagaType: isOrder ? SAGA_TYPE : typeIn(run),
    state,
    data: isOrder ? { orderId: orderIdOf(sagaId) } : {},
    blockedOn: run.typedSearchAttributes.get(SagaBlockedOnAttribute) ?? null,
    ...outcome,
    createdAt: run.startTime.toISOString(),
    ...(run.closeTime && { updatedAt: run.closeTime.toISOString() }),
    asOf: now(),
    source: 'temporal',
    ...temporalSays(run),
  };
}

/** The saga's type from the memo; if it has none, the workflow's own type. */
function typeIn({ memo, type }: WorkflowExecutionDescription): string {
  const said = memo?.[SAGA_TYPE_MEMO];
  return typeof said === 'string' ? said : type;
}

/** The result of a closed workflow, from its history; it needs no worker. */
async function readOutcome(deps: StatusDeps, sagaId: string) {
  const handle = deps.temporal.workflow.getHandle(sagaId);
  const result: unknown = await askTemporal(deps.temporal, PATIENCE_MS, () => handle.result()).catch(() => undefined);
  return sagaOutcomeSchema.safeParse(result).data;
}

/** An accepted order has a status even while Temporal is away, but its progress is not known then. */
async function statusFromTables(
  deps: StatusDeps,
  sagaId: string,
  run: 'away' | 'notFound',
): Promise<SagaStatus | undefined> {
  const orderId = orderIdOf(sagaId);
  if (orderId === undefined) return requireUnknown(deps, sagaId, run);
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
    ...(run === 'notFound' && { temporalStatus: 'NOT_FOUND' }),
  };
}

/** A saga counts as unknown only if every source that could know it was asked. */
async function requireUnknown(
  { journal }: StatusDeps,
  sagaId: string,
  run: 'away' | 'notFound',
): Promise<SagaStatus | undefined> {
  await journal.getSaga(sagaId);
  if (run === 'away') throw new Problem('TemporalUnavailable', { sagaId });
  return undefined;
}
