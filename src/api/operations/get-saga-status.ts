import { z } from 'zod';
import { sagaStatusSchema } from '../../steering/shapes.js';
import { readSagaStatus } from '../../steering/status.js';
import { AWAY } from '../decision.js';
import { requireSaga } from '../http/access.js';
import { operation } from '../operation.js';
import { sagaParams } from '../schemas/sagas.js';
import { ROLES } from '../../caller.js';
import { Problem } from '../../problems.js';
import { statusTag } from '../http/etag.js';

const query = z.strictObject({
  fresh: z
    .enum(['true', 'false'])
    .optional()
    .transform((value) => value === 'true')
    .meta({ type: 'boolean', default: false, description: 'Asks the saga itself, which needs a worker.' }),
});

export const getSagaStatus = operation(
  {
    id: 'getSagaStatus',
    method: 'get',
    path: '/api/sagas/{sagaId}/status',
    tag: 'sagas',
    roles: ROLES,
    summary: 'Where a saga stands, step by step',
    description: 'Answered with every worker down too; `source` and `asOf` say how well it is known.',
    params: sagaParams,
    query,
    conditional: true,
    answers: { 200: { description: 'The saga.', body: sagaStatusSchema } },
    problems: ['SagaNotFound', ...AWAY],
  },
  (deps) =>
    async ({ caller, params: { sagaId }, query: { fresh } }) => {
      await requireSaga(deps, caller, sagaId);
      const found = await readSagaStatus(deps, sagaId, { fresh });
      if (!found) throw new Problem('SagaNotFound');
      return { status: 200, state: statusTag(found), body: found };
    },
);
