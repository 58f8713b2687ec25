/**
 * Whose saga it is that has an order's id. A row that is not there is no proof that its id is free (rule 55): it may have
 * been deleted. So Temporal, the journal and the services are asked before a chosen id is started, and a saga counts as
 * the row's own only if it was started for this very row.
 */
import { WorkflowNotFoundError } from '@temporalio/client';
import { within } from '../journal/within.js';
import { sagaIdOf } from '../order.js';
import type { AskedOrder } from '../orders/orders.js';
import { at } from '../outbound/service-access.js';
import { ORDER_MARK, type SagaMemo } from '../workflows/messages.js';
import { askService, originHeaders } from './ask-service.js';
import type { ApiDeps } from './deps.js';
import { viewOf } from './saga-view.js';
import { askTemporal } from './temporal.js';

/** Longer than a database or a service takes that is well; one that is away is taken to know nothing. */
const PATIENCE_MS = 300;
const ENGINE_PATIENCE_MS = 1_500;

const COLLECTIONS = { inventory: 'reservations', payment: 'payments', shipping: 'shipments' } as const;

type Deps = Pick<ApiDeps, 'temporal' | 'journal'>;

/** `none`: no saga of this id is known. */
export async function standingOf(deps: Deps, order: AskedOrder): Promise<'own' | 'another' | 'none'> {
  const sagaId = sagaIdOf(order.orderId);
  const describe = () => deps.temporal.workflow.getHandle(sagaId).describe();
  const run = await askTemporal(deps.temporal, ENGINE_PATIENCE_MS, describe).catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  });
  if (run) return order.mark === null || run.memo?.[ORDER_MARK] === order.mark ? 'own' : 'another';
  // Temporal forgets; the journal does not.
  const saga = await deps.journal.getSaga(sagaId);
  if (!saga || saga.version === 0) return 'none';
  return isAsOldAs(order, saga) ? 'own' : 'another';
}

/** A saga that began before the row was written belongs to a row that was deleted. */
export const isAsOldAs = ({ mark, createdAt }: AskedOrder, saga: { readonly createdAt: string }): boolean =>
  mark === null || Date.parse(saga.createdAt) >= Date.parse(createdAt);

/** Whether the journal or the ledger of a service has heard of the id; what is away counts as not having. */
export async function isKnownElsewhere(
  { journal, ledgers: targets = {} }: Pick<ApiDeps, 'journal' | 'ledgers'>,
  orderId: string,
  origin: Required<SagaMemo>,
): Promise<boolean> {
  const sagaId = sagaIdOf(orderId);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const how = { signal, within: PATIENCE_MS, headers: originHeaders(origin) };
  const ledgers = (['inventory', 'payment', 'shipping'] as const).map(async (service) => {
    const target = targets[service];
    if (!target) return false;
    const answer = await askService(at(target, `/api/${COLLECTIONS[service]}/${sagaId}`), how);
    return answer?.status === 200 && answer.body['id'] === sagaId && answer.body['status'] !== 'none';
  });
  const journaled = within(viewOf({ journal }, sagaId), { ms: PATIENCE_MS }).then(
    (view) => view !== undefined,
    () => false,
  );
  return (await Promise.all([journaled, ...ledgers])).includes(true);
}
