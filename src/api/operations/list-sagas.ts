import { z } from 'zod';
import { sagaRecordShape, time } from '../../steering/shapes.js';
import { operation } from '../operation.js';
import { next, paging } from '../schemas/query.js';
import { sagaFilterShape } from '../schemas/sagas.js';
import { STAFF } from '../../caller.js';

const sagaView = z
  .object({ ...sagaRecordShape, version: z.int(), branch: z.int(), behindGap: z.boolean(), asOf: time })
  .meta({ id: 'SagaView' });

const sagaList = z.object({ items: z.array(sagaView).readonly(), next }).meta({ id: 'SagaList' });

export const listSagas = operation(
  {
    id: 'listSagas',
    method: 'get',
    path: '/api/sagas',
    tag: 'sagas',
    roles: STAFF,
    summary: 'Sagas, newest first',
    description: 'From the read model. With `blockedOn` those that wait for an operator on that step.',
    query: z.strictObject({ ...sagaFilterShape, ...paging }),
    conditional: true,
    answers: { 200: { description: 'A page.', body: sagaList } },
    problems: ['JournalUnavailable'],
  },
  ({ journal }) =>
    async ({ query: { cursor, limit, ...filter } }) => ({
      status: 200,
      body: await journal.listSagas(filter, { cursor, limit }),
    }),
);
