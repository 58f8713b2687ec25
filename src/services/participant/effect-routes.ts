/** The resource `/api/<collection>/{id}` and its collection, over the ledger. */
import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import type { Database } from './database.js';
import { listEffects, present, readEffect, type Effect } from './effects.js';
import type { Faults, Operation } from './faults.js';
import { effectId, orderId } from './fields.js';
import { fingerprintOf } from './fingerprint.js';
import { jsonBody, onlyMethods } from './http.js';
import { deleteEffect, putEffect, type Refusal } from './ledger.js';
import { pageQuery, pageRequest } from './paging.js';
import type { Participant } from './participant.js';
import { ProblemError, unavailable, type ProblemCode } from './problem.js';
import { invalid, validate } from './validate.js';
import type { WorkInProgress } from './work-in-progress.js';

export interface RouteDeps {
  readonly database: Database;
  readonly work: WorkInProgress;
  /** Always empty if fault injection is off. */
  readonly faults: Faults;
}

const path = z.strictObject({ id: effectId });
const filter = z.strictObject({ ...pageQuery, orderId: orderId.optional(), effect: z.literal('applied').optional() });

export function mountEffects<Body extends { readonly orderId: string }>(
  router: Router,
  participant: Participant<Body>,
  deps: RouteDeps,
): void {
  const { undo, collection } = participant;
  const one = router.route(`/api/${collection}/:id`);
  one.put(jsonBody, async (request, response) => {
    const { id } = validate(path, request.params);
    const body = validate(participant.request, request.body);
    const contradiction = participant.checkId?.(id, body);
    if (contradiction !== undefined) throw invalid(contradiction);
    await answer(request, response, 'PUT', deps, (refuse) => put(participant, deps.database, id, body, refuse));
  });
  one.get(async (request, response) => {
    const { id } = validate(path, request.params);
    await answer(request, response, 'GET', deps, () => readEffect(deps.database, id));
  });
  if (undo !== undefined) {
    one.delete(async (request, response) => {
      const { id } = validate(path, request.params);
      await answer(request, response, 'DELETE', deps, async (refuse) =>
        present(await deleteEffect(deps.database, id, (sql) => (refuse ? injected(undo.refusal) : undo.run(sql, id)))),
      );
    });
  }
  one.all(onlyMethods('GET', 'PUT', ...(undo === undefined ? [] : ['DELETE'])));
  router
    .route(`/api/${collection}`)
    .get(async (request, response) => {
      const query = validate(filter, request.query);
      response.json(await deps.work.run(() => listEffects(deps.database, query, pageRequest(query))));
    })
    .all(onlyMethods('GET'));
}

async function put<Body extends { readonly orderId: string }>(
  participant: Participant<Body>,
  database: Database,
  id: string,
  body: Body,
  refuse: boolean,
): Promise<Effect> {
  const fingerprint = fingerprintOf(participant.fingerprint(body));
  const row = await putEffect(database, { id, orderId: body.orderId, fingerprint }, (sql) =>
    refuse ? injected(participant.refusals[0]) : participant.apply(sql, id, body),
  );
  if (row.status === 'refused' && row.refusal !== null) throw new ProblemError(row.refusal.code, row.refusal.detail);
  return present(row);
}

const injected = async (code: ProblemCode): Promise<Refusal> => ({ code, detail: 'Refused by an injected fault.' });

/** Handles the request and answers it, with the fault that is armed for it, if any. */
async function answer(
  request: Request,
  response: Response,
  operation: Operation,
  { work, faults }: RouteDeps,
  handle: (refuse: boolean) => Promise<Effect>,
): Promise<void> {
  await work.run(async () => {
    // Express routes a HEAD request here as a GET, but no saga probes with HEAD.
    const fault = request.method === operation ? faults.take(operation) : undefined;
    if (fault !== undefined) request.log.warn({ fault: fault.mode, operation }, 'an injected fault strikes');
    if (fault?.mode === 'unavailable') throw unavailable('An injected fault: nothing was done.');
    if (fault?.mode === 'delay' && !(await work.wait(fault.delayMs))) {
      throw unavailable('The service is stopping: nothing was done.');
    }
    const [result] = await Promise.allSettled([handle(fault?.mode === 'refuse')]);
    if (fault?.mode === 'slow-answer') await work.wait(fault.delayMs);
    if (fault?.mode === 'drop-response') {
      response.destroy();
    } else if (fault?.mode === 'garbage') {
      response.type('application/json').send(`{"id": "${String(request.params['id'])}", "status`);
    } else if (result.status === 'rejected') {
      throw result.reason;
    } else {
      response.json(result.value);
    }
  });
}
