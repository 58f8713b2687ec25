/** The standing of a saga, as the reconciler judges it: its record, its run in Temporal, and its live effects. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { StoredSaga } from '../../journal/read/reader.js';
import type { Effect } from '../../oracle/books.js';
import type { ServiceUrls } from '../../oracle/read-books.js';
import { runOfSaga } from '../../oracle/verdicts-in-temporal.js';
import { orderIdOf } from '../../order.js';
import { askTemporal } from '../../platform/temporal/ask.js';
import { liveEffectsOf } from '../live-effects.js';
import { SAGA_TYPE } from '../../workflows/messages.js';
import { readEvidence, ifKept } from './evidence.js';
import type { StatusDeps } from '../status.js';

const ASK_WITHIN_MS = 5_000;

export interface StandingDeps extends Omit<StatusDeps, 'orders'> {
  readonly orders: { get(orderId: string): Promise<object | undefined> };
  readonly books?: ServiceUrls | undefined;
}

/** Temporal's word on the last run. `lives`: also while it is paused. `none`: it knows no run. */
export interface RunStanding {
  readonly is: 'lives' | 'paused' | 'closed' | 'ended' | 'none';
  /** Temporal's name of the status; absent if there is no run. */
  readonly status?: string;
  readonly runId?: string;
  /** ISO 8601. */
  readonly closedAt?: string;
}

export interface Standing {
  readonly sagaId: string;
  /** Undefined if the journal knows nothing of it. */
  readonly saga: StoredSaga | undefined;
  readonly run: RunStanding;
  /** Undefined if the books could not be read, or if it is no order's saga. */
  readonly effects: readonly Effect[] | undefined;
  /** The order has a row, so that a notice can be sent. */
  readonly hasOrder: boolean;
  /** The run's history has an accepted cancel that its journal has not carried yet. */
  readonly cancelAccepted: boolean;
}

const ENDED: ReadonlySet<string> = new Set(['FAILED', 'TIMED_OUT', 'TERMINATED']);

/**
 * Effects first, then the run, then the record: an effect that is seen has an owner that is known now, and a run that still
 * lives now was alive then.
 *
 * @throws TemporalUnavailableError, JournalUnavailableError, OrdersUnavailableError
 */
export async function readStanding(deps: StandingDeps, sagaId: string): Promise<Standing> {
  const orderId = orderIdOf(sagaId);
  const effects = orderId === undefined ? undefined : await liveEffectsOf(deps.books, sagaId);
  const run = await runStanding(deps, sagaId);
  const known = await deps.journal.getSaga(sagaId);
  const saga = known && known.version > 0 ? known : undefined;
  const order = orderId === undefined ? undefined : await deps.orders.get(orderId);
  const isOrder = saga === undefined || saga.sagaType === SAGA_TYPE;
  const cancelAccepted = run.is === 'ended' && (await readEvidence(deps.temporal, sagaId, run.runId).catch(ifKept));
  return {
    sagaId,
    saga,
    run,
    effects: isOrder ? effects : undefined,
    hasOrder: order !== undefined,
    cancelAccepted: cancelAccepted === true,
  };
}

async function runStanding({ temporal }: StandingDeps, sagaId: string): Promise<RunStanding> {
  const run = await askTemporal(temporal, ASK_WITHIN_MS, () => runOfSaga(temporal, sagaId)).catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  });
  if (!run) return { is: 'none' };
  const { name: status } = run.status;
  const common = { status, runId: run.runId, ...(run.closeTime && { closedAt: run.closeTime.toISOString() }) };
  if (ENDED.has(status)) return { is: 'ended', ...common };
  if (status === 'PAUSED') return { is: 'paused', ...common };
  return { is: status === 'COMPLETED' || status === 'CANCELLED' ? 'closed' : 'lives', ...common };
}
