/**
 * Finds the owner of the saga that has an order's id. A missing row is no proof that the id is free (rule 55),
 * because the row may have been deleted. So Temporal, the journal and the services are asked before a chosen id is
 * started, and a saga counts as the row's own only if it was started for this very row.
 */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { withTimeLimit } from '../platform/time-limit.js';
import { sagaIdOf } from '../order.js';
import type { AskedOrder } from './store/orders.js';
import { at, type ServiceTarget } from '../platform/outbound/service-access.js';
import { ORDER_MARK, type SagaMemo } from '../workflows/messages.js';
import { askService, originHeaders } from './ask-service.js';
import { askTemporal } from '../platform/temporal/ask.js';

/** Longer than a healthy database or service takes, and short enough to start the order within the caller's time. */
const PATIENCE_MS = 900;
const TEMPORAL_PATIENCE_MS = 1_500;

const COLLECTIONS = { inventory: 'reservations', payment: 'payments', shipping: 'shipments' } as const;

export type Ledger = keyof typeof COLLECTIONS;
export type Ledgers = Readonly<Partial<Record<Ledger, ServiceTarget>>>;

/** The read model, as far as it is asked whose a saga is. `version` is 0 while it knows the order only. */
export interface SagaLookup {
  getSaga(sagaId: string): Promise<{ readonly version: number; readonly createdAt: string } | undefined>;
}

export interface StandingDeps {
  readonly temporal: Client;
  readonly journal: SagaLookup;
}

export interface WitnessDeps {
  readonly journal: SagaLookup;
  /** The services whose ledgers are asked whether a chosen order id is free. */
  readonly ledgers?: Ledgers;
}

/** `none`: no saga of this id is known. */
export async function standingOf(deps: StandingDeps, order: AskedOrder): Promise<'own' | 'another' | 'none'> {
  const standing = await standingInTemporal(deps, order);
  if (standing !== 'none') return standing;
  // The journal keeps sagas that Temporal has forgotten.
  const saga = await deps.journal.getSaga(sagaIdOf(order.orderId));
  if (!saga || saga.version === 0) return 'none';
  return isAsOldAs(order, saga) ? 'own' : 'another';
}

/** `none`: Temporal knows no workflow of this id (any more). */
export async function standingInTemporal(
  { temporal }: Pick<StandingDeps, 'temporal'>,
  { orderId, mark }: AskedOrder,
): Promise<'own' | 'another' | 'none'> {
  const describe = () => temporal.workflow.getHandle(sagaIdOf(orderId)).describe();
  const run = await askTemporal(temporal, TEMPORAL_PATIENCE_MS, describe).catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  });
  if (!run) return 'none';
  return mark === null || run.memo?.[ORDER_MARK] === mark ? 'own' : 'another';
}

/** A saga that began before the row was written belongs to a row that was deleted. */
export const isAsOldAs = ({ mark, createdAt }: AskedOrder, saga: { readonly createdAt: string }): boolean =>
  mark === null || Date.parse(saga.createdAt) >= Date.parse(createdAt);

/** A store or service did not answer a question about an order's id: not even that the id is unknown. */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError';

  constructor(readonly by: readonly Witness[]) {
    super(`whether the id is free is not known: no answer from ${by.join(', ')}`);
  }
}

export type Witness = Ledger | 'journal';
type Heard = 'known' | 'unknown' | 'unanswered';

const LEDGERS = ['inventory', 'payment', 'shipping'] as const;

/**
 * Asks the journal and the services' ledgers about the id.
 *
 * @returns `known` if one of them knows it, `unknown` if each answered that it does not, else the ones that did not
 * answer
 */
export async function heardElsewhere(
  { journal, ledgers = {} }: WitnessDeps,
  orderId: string,
  origin: Required<SagaMemo>,
): Promise<'known' | 'unknown' | UnansweredError> {
  const sagaId = sagaIdOf(orderId);
  const headers = originHeaders(origin);
  const journaled = withTimeLimit(journal.getSaga(sagaId), { ms: PATIENCE_MS }).then(
    (saga) => (saga && saga.version > 0 ? 'known' : 'unknown'),
    (): Heard => 'unanswered',
  );
  const heard = await Promise.all([
    journaled.then((said) => ['journal', said] as const),
    ...LEDGERS.map(async (ledger) => [ledger, await heardBy(ledgers, ledger, sagaId, headers)] as const),
  ]);
  if (heard.some(([, said]) => said === 'known')) return 'known';
  const unanswered = heard.filter(([, said]) => said === 'unanswered').map(([witness]) => witness);
  return unanswered.length === 0 ? 'unknown' : new UnansweredError(unanswered);
}

/** An answer about another id counts as no answer. A ledger that is not configured holds nothing. */
export async function heardBy(
  ledgers: Ledgers,
  ledger: Ledger,
  sagaId: string,
  headers: Readonly<Record<string, string>>,
): Promise<Heard> {
  const target = ledgers[ledger];
  if (!target) return 'unknown';
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const how = { signal, within: PATIENCE_MS, headers };
  const answer = await askService(at(target, `/api/${COLLECTIONS[ledger]}/${sagaId}`), how);
  if (answer?.status !== 200 || answer.body['id'] !== sagaId) return 'unanswered';
  const status = answer.body['status'];
  if (typeof status !== 'string') return 'unanswered';
  return status === 'none' ? 'unknown' : 'known';
}
