/** The audit of requests by HTTP: decisions before and after they are made (rule 49). */
import type { Request } from 'express';
import type { AuditCaller, AuditRequest } from '../../journal/decisions/audit-row.js';
import { recordDecision, type AuditDecision } from '../../journal/decisions/record-decision.js';
import { sagaIdOf } from '../../order.js';
import { correlationIdOf } from '../../platform/observability/correlation.js';
import { SAGA_ID_PATTERN } from '../../steering/saga-ids.js';
import type { Caller } from '../../caller.js';
import type { ApiDeps } from '../deps.js';
import type { Operation } from '../operation.js';
import { stepName } from '../schemas/sagas.js';

/** A caller as the audit names it; `named` counts if the credentials name no one. */
export function auditCallerOf(req: Request, caller: Caller, named: string): AuditCaller {
  const { id, actor = named, roles, customerId } = caller;
  const isKnown = caller.actor !== undefined;
  const kind =
    customerId !== undefined ? 'customer' : id.startsWith('key:') ? 'machine' : isKnown ? 'person' : 'unknown';
  return { door: 'api', actor, kind, roles: isKnown ? roles : [], correlationId: correlationIdOf(req) };
}

/** The saga and the step of an address; what is no id there is not recorded. */
export function addressed(params: Readonly<Record<string, unknown>>): Pick<AuditRequest, 'sagaId' | 'step'> {
  const { sagaId, orderId, step } = params;
  const id = typeof orderId === 'string' ? sagaIdOf(orderId) : sagaId;
  return {
    ...(typeof id === 'string' && SAGA_ID_PATTERN.test(id) && { sagaId: id }),
    ...(stepName.safeParse(step).success && { step: String(step) }),
  };
}

/** The options of a decision on a saga: it is made without the audit, too, because the saga itself records it. */
export const softly = (req: Request): Pick<AuditDecision, 'onAway'> => ({
  onAway: (err) => req.log.warn({ err }, 'the audit is away: the saga itself records this decision'),
});

interface Asked {
  readonly req: Request;
  readonly caller?: Caller | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** Runs the handler of an operation that decides, recorded. A dry run decides nothing. */
export async function audited<Answer>(
  { journal }: Pick<ApiDeps, 'journal'>,
  { decides }: Pick<Operation, 'decides'>,
  { req, caller, params, body }: Asked,
  handle: () => Promise<Answer>,
): Promise<Answer> {
  const { dryRun, actor, action, reason, requestId, bulkId }: Record<string, unknown> = Object(body);
  if (!decides || !caller || dryRun === true) return handle();
  const { action: standardAction, standard } = decides;
  const isBulk = standardAction === 'resolveSagas';
  const given = requestId ?? bulkId ?? req.get('idempotency-key')?.replaceAll('"', '');
  const asked: AuditDecision = {
    ...auditCallerOf(req, caller, typeof actor === 'string' ? actor : standard),
    ...addressed(params),
    action: typeof action === 'string' && !isBulk ? action : standardAction,
    ...(typeof reason === 'string' && { reason }),
    ...(typeof given === 'string' && { requestId: given }),
    ...softly(req),
  };
  return recordDecision(journal.audit, asked, handle);
}
