import { z } from 'zod';
import { requireSaga } from '../http/access.js';
import { operation } from '../operation.js';
import { limit, position, yesNo } from '../schemas/query.js';
import { sagaEvent, sagaParams } from '../schemas/sagas.js';
import { ROLES } from '../../caller.js';
import { Problem } from '../../problems.js';

const query = z.strictObject({
  after: position('A position.'),
  limit,
  allBranches: yesNo
    .optional()
    .transform((value) => value ?? false)
    .meta({ type: 'boolean', default: false, description: 'Also the events that a reset has superseded.' }),
});

const eventList = z
  .object({
    sagaId: z.string(),
    items: z.array(sagaEvent).readonly(),
    next: z.int().nullable().meta({ description: '`after` of the next page; null if there are no more as yet.' }),
  })
  .meta({ id: 'EventList' });

export const listSagaEvents = operation(
  {
    id: 'listSagaEvents',
    method: 'get',
    path: '/api/sagas/{sagaId}/events',
    tag: 'events',
    roles: ROLES,
    summary: "A saga's events, in order",
    params: sagaParams,
    query,
    conditional: true,
    answers: { 200: { description: 'A page.', body: eventList } },
    problems: ['SagaNotFound', 'OrdersUnavailable', 'JournalUnavailable'],
  },
  (deps) =>
    async ({ caller, params: { sagaId }, query: { after, limit, allBranches } }) => {
      await requireSaga(deps, caller, sagaId);
      const items = await deps.journal.getEvents(sagaId, { after, limit, allBranches });
      // A saga without events: its order was accepted, and the journal has heard nothing of it yet.
      if (items.length === 0 && !(await deps.journal.getSaga(sagaId))) throw new Problem('SagaNotFound');
      const next = items.length < limit ? null : (items.at(-1)?.position ?? null);
      return { status: 200, body: { sagaId, items, next } };
    },
);
