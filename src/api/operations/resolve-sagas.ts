/** One decision for many blocked sagas, as one Update for each, with partial results (rule 18). */
import type { SagaFilter } from '../../journal/read/reader.js';
import { recordDecision } from '../../journal/decisions/record-decision.js';
import { previewSaga } from '../../steering/preview-saga.js';
import { auditCallerOf, softly } from '../http/audit.js';
import type { OperationDeps } from '../deps.js';
import { operation } from '../operation.js';
import { bulkRequestSchema, bulkResponseSchema, type BulkResult } from '../schemas/decisions.js';
import { actorOf, steerSaga, stepRequest } from '../../steering/steer.js';
import { STAFF } from '../../caller.js';
import { inParallel } from '../../platform/in-parallel.js';
import { Problem } from '../../problems.js';

/** Updates at the same time. */
const AT_ONCE = 10;
/** Sagas that were not begun by then are listed as not tried; the caller repeats with the same bulk id. */
const BEGIN_WITHIN_MS = 20_000;
const PAGE = 100;

interface Blocked {
  readonly sagaId: string;
  readonly step: string;
}

export const resolveSagas = operation(
  {
    id: 'resolveSagas',
    method: 'post',
    path: '/api/sagas/resolve',
    decides: { action: 'resolveSagas', standard: 'operator' },
    tag: 'sagas',
    roles: STAFF,
    summary: 'Decide for many blocked sagas at once',
    description:
      'Each blocked saga that the filter takes gets one Update for the step that it is blocked on. The answer lists the ' +
      'outcome of each; a repeat with the same `bulkId` decides nothing twice.',
    body: {
      schema: bulkRequestSchema,
      example: { filter: { blockedOn: 'process_payment' }, action: 'retry', reason: 'provider is back', dryRun: true },
    },
    answers: { 200: { description: 'The outcome of each.', body: bulkResponseSchema } },
    problems: ['JournalUnavailable'],
  },
  (deps) =>
    async ({ req, caller, body: { dryRun, limit, action, reason, ...body } }) => {
      const bulkId = body.bulkId ?? crypto.randomUUID();
      const actor = actorOf(caller, body.actor, 'operator');
      const by = auditCallerOf(req, caller, actor);
      const { blocked, more } = await findBlocked(deps, body.filter, limit);
      const decide = async ({ sagaId, step }: Blocked): Promise<BulkResult> => {
        const request = stepRequest({ requestId: `${bulkId}:${sagaId}`, step, action, actor, reason });
        const asked = { ...by, sagaId, step, action, reason, requestId: `${bulkId}:${sagaId}`, ...softly(req) };
        const { state } = await recordDecision(deps.journal.audit, asked, () =>
          steerSaga(deps, sagaId, request, 'SagaNotFound'),
        );
        return { sagaId, step, outcome: 'accepted', state };
      };
      const foresee = async ({ sagaId, step }: Blocked): Promise<BulkResult> => {
        const preview = await previewSaga(deps, sagaId, { action, step }, 'SagaNotFound');
        const outcome = preview.applies ? ('wouldResolve' as const) : ('refused' as const);
        return { sagaId, step, outcome, ...(preview.code !== null && { code: preview.code }), preview };
      };
      const results = await decideAll(blocked, dryRun ? foresee : decide);
      const counts: Record<string, number> = {};
      for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
      req.log.info({ bulkId, dryRun, action, counts }, 'sagas resolved');
      return { status: 200, body: { bulkId, dryRun, results, counts, more } };
    },
);

/** Sagas that wait for an operator; the decision is about the step on which each of them waits. */
async function findBlocked({ journal }: OperationDeps, filter: SagaFilter, limit: number) {
  const blocked: Blocked[] = [];
  let cursor: string | undefined;
  do {
    const page = await journal.listSagas(filter, { cursor, limit: PAGE });
    for (const { sagaId, blockedOn } of page.items) if (blockedOn !== null) blocked.push({ sagaId, step: blockedOn });
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && blocked.length <= limit);
  return { blocked: blocked.slice(0, limit), more: blocked.length > limit };
}

async function decideAll(
  blocked: readonly Blocked[],
  decide: (saga: Blocked) => Promise<BulkResult>,
): Promise<BulkResult[]> {
  const deadline = Date.now() + BEGIN_WITHIN_MS;
  return await inParallel(AT_ONCE, blocked, async (saga) => {
    if (Date.now() >= deadline) return { ...saga, outcome: 'notTried' };
    return await decide(saga).catch((error: unknown) => failed(saga, error));
  });
}

function failed(saga: Blocked, error: unknown): BulkResult {
  if (!(error instanceof Problem)) throw error;
  const { code, details } = error;
  const outcome = code === 'NotDecided' ? 'undecided' : 'refused';
  return { ...saga, outcome, code, ...(details.state !== undefined && { state: details.state }) };
}
