/** Reads what a preview needs: the saga's record, and the books of the participants. */
import type { OrderItem } from '../order.js';
import type { ServiceUrls } from '../oracle/read-books.js';
import { liveEffectsOf } from './live-effects.js';
import { Problem } from '../problems.js';
import { SAGA_TYPE, type SagaRecord } from '../workflows/messages.js';
import { preview, type Preview } from './preview.js';
import type { PreviewedDecision } from './preview-course.js';
import { idsOf, type SagaIds } from './saga-ids.js';
import type { SagaStatus } from './shapes.js';
import { ALARMS, readSagaStatus } from './status.js';
import type { SteeringDeps } from './steer.js';

/** A preview is for a person who waits; books that take longer count as unreadable. */

type FoundOrder = NonNullable<Awaited<ReturnType<SteeringDeps['orders']['get']>>>;

export interface PreviewDeps extends Omit<SteeringDeps, 'orders'> {
  readonly orders: {
    get(orderId: string): Promise<(FoundOrder & { readonly items: readonly OrderItem[] }) | undefined>;
  };
  /** The services whose books are read; absent: previews are made of the journal alone. */
  readonly books?: ServiceUrls | undefined;
}

export interface SagaPreview extends Preview, SagaIds {
  readonly dryRun: true;
  readonly state: string;
  readonly blockedOn: string | null;
}

/**
 * Previews a decision; nothing is signalled to the saga.
 *
 * @throws Problem 404 unknown, 503 if its steps are not known at present
 */
export async function previewSaga(
  deps: PreviewDeps,
  sagaId: string,
  decision: PreviewedDecision,
  notFound: 'OrderNotFound' | 'SagaNotFound',
): Promise<SagaPreview> {
  const ids = idsOf(sagaId);
  const status = await readSagaStatus(deps, sagaId, { fresh: true });
  if (!status) throw new Problem(notFound);
  const { state, blockedOn = null, temporalStatus = '', paused, steps } = status;
  if (!steps)
    throw new Problem('NotDecided', { ...ids, state, detail: 'The steps of the saga are not known at present.' });
  const saga = recordOf(status, steps as SagaRecord['steps']);
  const isOrder = saga.sagaType === SAGA_TYPE;
  const [books, order] = await Promise.all([
    isOrder ? liveEffectsOf(deps.books, sagaId) : undefined,
    ids.orderId === undefined ? undefined : deps.orders.get(ids.orderId).catch(() => undefined),
  ]);
  const now = await deps.clock.now();
  const seen = preview({ saga, decision, books, items: order?.items, now });
  const common = { dryRun: true as const, ...ids, state, blockedOn };
  const instead = paused ? 'SagaPaused' : ALARMS.has(temporalStatus) ? 'AlreadyEnded' : undefined;
  if (!seen.applies || instead === undefined) return { ...common, ...seen };
  // As of a saga that has ended: nothing of it would change.
  const ended = { ...saga, state: 'FAILED' as const };
  return { ...common, ...preview({ saga: ended, decision, books, now }), code: instead };
}

/** All fields of a record; the source of a status that has steps knows them. */
function recordOf(status: SagaStatus, steps: SagaRecord['steps']): SagaRecord {
  const { sagaId, sagaType, state, data, createdAt } = status;
  const { reason = null, waivers = [], blockedOn = null, currentStep = null, waitingFor = null } = status;
  const { also, ...wait } = waitingFor ?? { approval: '', until: '' };
  return {
    sagaId,
    sagaType,
    state,
    data,
    createdAt,
    reason,
    waivers,
    blockedOn,
    currentStep,
    steps,
    updatedAt: status.updatedAt ?? createdAt,
    deadLetters: [],
    waitingFor: waitingFor && { ...wait, ...(also && { also }) },
  };
}
