/**
 * The common part of the operations that cancel, approve or reject: those on orders and on sagas differ in their
 * address only.
 */
import { z } from 'zod';
import { sagaIdOf } from '../order.js';
import type { ProblemCode } from '../problems.js';
import type { SagaIds } from '../steering/saga-ids.js';
import type { Decision } from '../workflows/messages.js';
import type { OperationDeps } from './deps.js';
import { requireSaga } from './http/access.js';
import { decideSaga, type Conditional } from './http/decide-saga.js';
import { ifMatch } from './http/headers.js';
import { previewSchema } from './schemas/preview.js';
import type { SagaPreview } from '../steering/preview-saga.js';
import type { Definition } from './operation.js';
import { actorOf, decisionRequest, type SagaDecision } from '../steering/steer.js';
import type { Caller } from '../caller.js';
import { requireOrder } from '../orders/access.js';

/** How a decision can be refused, beside the 404 for an unknown order or saga. */
export const REFUSED: readonly ProblemCode[] = [
  ...(['NotApplicable', 'ApprovalExpired', 'SagaPaused', 'AlreadyFulfilled', 'AlreadyUnwinding'] as const),
  ...(['AlreadyEnded', 'RequestIdReused', 'PreconditionFailed', 'NotDecided', 'OrdersUnavailable'] as const),
];

/** The services that are asked about a saga that belongs to no order. */
export const AWAY = ['OrdersUnavailable', 'TemporalUnavailable', 'JournalUnavailable'] as const;

interface Described extends Omit<Definition, 'method' | 'headers' | 'answers'> {
  readonly description: string;
  /** The body of the answer. */
  readonly decided: z.ZodType;
}

/** The definition of an operation that decides on one saga. */
export const decision = <const D extends Described>({ decided, ...described }: D) => ({
  ...described,
  method: 'post' as const,
  description: `${described.description} Undecided within five seconds it answers 503, and the same request can be sent again.`,
  headers: { ifMatch },
  answers: { 200: { description: 'The decision, acted on.', body: z.union([decided as D['decided'], previewSchema]) } },
  problems: [...described.problems, ...REFUSED],
});

interface Decided<Params> extends Conditional {
  readonly caller: Caller;
  readonly params: Params;
  readonly body: { readonly actor?: string | undefined; readonly reason: string; readonly dryRun: boolean };
}

/** `standard` is the actor's name if neither the credentials nor the body give one. */
export async function decideOnOrder(
  deps: OperationDeps,
  asked: Decided<{ readonly orderId: string }>,
  decision: SagaDecision,
  standard = 'operator',
): Promise<(SagaIds & Decision & { readonly orderId: string }) | SagaPreview> {
  const { caller, body } = asked;
  const { orderId } = asked.params;
  const actor = actorOf(caller, body.actor, standard);
  await requireOrder(deps, caller, orderId);
  const request = decisionRequest(decision, { actor, reason: body.reason });
  const decided = await decideSaga(deps, asked, sagaIdOf(orderId), { request, notFound: 'OrderNotFound' });
  return { ...decided, orderId };
}

export async function decideOnSaga(
  deps: OperationDeps,
  asked: Decided<{ readonly sagaId: string }>,
  decision: SagaDecision,
): Promise<(SagaIds & Decision) | SagaPreview> {
  const { caller, body } = asked;
  const { sagaId } = asked.params;
  const actor = actorOf(caller, body.actor, 'operator');
  await requireSaga(deps, caller, sagaId);
  const request = decisionRequest(decision, { actor, reason: body.reason });
  return await decideSaga(deps, asked, sagaId, { request, notFound: 'SagaNotFound' });
}
