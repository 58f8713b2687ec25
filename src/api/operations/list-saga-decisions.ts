import { z } from 'zod';
import { AWAY } from '../decision.js';
import { requireSaga } from '../http/access.js';
import { operation } from '../operation.js';
import { auditPageSchema } from '../schemas/audit.js';
import { paging } from '../schemas/query.js';
import { sagaParams } from '../schemas/sagas.js';
import { STAFF } from '../../caller.js';

export const listSagaDecisions = operation(
  {
    id: 'listSagaDecisions',
    method: 'get',
    path: '/api/sagas/{sagaId}/decisions',
    tag: 'sagas',
    roles: STAFF,
    summary: "A saga's decisions and denials, newest first",
    description: 'Its part of the audit; empty for a saga on which nobody has decided.',
    params: sagaParams,
    query: z.strictObject(paging),
    answers: { 200: { description: 'A page.', body: auditPageSchema } },
    problems: ['SagaNotFound', ...AWAY],
  },
  (deps) =>
    async ({ caller, params: { sagaId }, query }) => {
      await requireSaga(deps, caller, sagaId);
      return { status: 200, body: await deps.journal.audit.list({ sagaId }, query) };
    },
);
