import { randomUUID } from 'node:crypto';
import { STAFF } from '../../../caller.js';
import { correlationIdOf } from '../../../platform/observability/correlation.js';
import { previewSagaRepair, repairSaga as repair } from '../../../steering/reconciler/repair-saga.js';
import { actorOf } from '../../../steering/steer.js';
import { REPAIR } from '../../../workflows/messages.js';
import { AWAY } from '../../decision.js';
import { operation } from '../../operation.js';
import { repairAnswer, repairBody } from '../../schemas/reconciler.js';
import { sagaParams } from '../../schemas/sagas.js';

export const repairSaga = operation(
  {
    id: 'repairSaga',
    method: 'post',
    path: '/api/reconciler/{sagaId}/repair',
    decides: { action: REPAIR, standard: 'operator' },
    tag: 'reconciler',
    roles: STAFF,
    summary: 'Undo what a saga has left behind',
    description:
      'Runs the compensations of a saga whose run ended without a verdict: it ends FAILED with the reason `RunEnded`, or ' +
      'CANCELLED if its cancel had been accepted. A saga that has a verdict keeps it, and only what `steps` names is undone. ' +
      'Refused while a run of the saga lives.',
    params: sagaParams,
    body: { schema: repairBody, example: { reason: 'terminated by mistake', requestId: 'ticket-4711' } },
    answers: { 200: { description: 'The repair runs, or its preview.', body: repairAnswer } },
    problems: [
      ...(['SagaNotFound', 'RunStillLives', 'SagaPaused', 'NothingToRepair', 'NotRepairable'] as const),
      ...(['StepsNotNamed', 'RequestIdReused'] as const),
      ...AWAY,
    ],
  },
  (deps) =>
    async ({ req, caller, params: { sagaId }, body }) => {
      const actor = actorOf(caller, body.actor, 'operator');
      const needs = { ...deps, findings: deps.journal.findings };
      if (body.dryRun) return { status: 200, body: await previewSagaRepair(needs, sagaId, body.steps) };
      const { reason, steps, requestId = req.get('idempotency-key')?.replaceAll('"', '') ?? randomUUID() } = body;
      const request = { actor, reason, requestId, steps };
      const repaired = await repair(needs, sagaId, request, { correlationId: correlationIdOf(req) });
      req.log.info({ sagaId, requestId, state: repaired.state }, 'a repair begins');
      return { status: 200, body: repaired };
    },
);
