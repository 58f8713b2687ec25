/** POST /api/sagas/resolve: one decision for many blocked sagas, as one Update for each, with partial results (rule 18). */
import type { RequestHandler } from 'express';
import type { SagaFilter } from '../../journal/read/reader.js';
import { callerOf } from '../http/caller.js';
import type { ApiDeps } from '../deps.js';
import { bulkRequestSchema, type BulkResponse, type BulkResult } from '../schemas/decisions.js';
import { stepRequest, steerSaga, actorOf } from '../../steering/steer.js';
import { inParallel } from '../../platform/in-parallel.js';
import { parseBody } from '../../platform/validate.js';
import { Problem } from '../../problems.js';

/** Updates at the same time. */
const AT_ONCE = 10;
/** What has not been begun by then is listed as not tried; the caller repeats with the same bulk id. */
const BEGIN_WITHIN_MS = 20_000;
const PAGE = 100;

interface Blocked {
  readonly sagaId: string;
  readonly step: string;
}

export function resolveSagas(deps: ApiDeps): RequestHandler {
  return async (req, res) => {
    const { dryRun, limit, action, reason, ...body } = parseBody(bulkRequestSchema, req.body);
    const bulkId = body.bulkId ?? crypto.randomUUID();
    const actor = actorOf(callerOf(req), body.actor, 'operator');
    const { blocked, more } = await findBlocked(deps, body.filter, limit);
    const decide = async ({ sagaId, step }: Blocked): Promise<BulkResult> => {
      const request = stepRequest({ requestId: `${bulkId}:${sagaId}`, step, action, actor, reason });
      const { state } = await steerSaga(deps, sagaId, request, 'SagaNotFound');
      return { sagaId, step, outcome: 'accepted', state };
    };
    const results = dryRun
      ? blocked.map((saga) => ({ ...saga, outcome: 'wouldResolve' as const }))
      : await decideAll(blocked, decide);
    const counts: Record<string, number> = {};
    for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
    req.log.info({ bulkId, dryRun, action, counts }, 'sagas resolved');
    const answer: BulkResponse = { bulkId, dryRun, results, counts, more };
    res.json(answer);
  };
}

/** Sagas that wait for an operator; the step that each of them waits on is the one that is decided. */
async function findBlocked({ journal }: ApiDeps, filter: SagaFilter, limit: number) {
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
