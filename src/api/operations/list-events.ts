import { z } from 'zod';
import { time } from '../../steering/shapes.js';
import { operation } from '../operation.js';
import { paging, position, several } from '../schemas/query.js';
import { sagaEvent } from '../schemas/sagas.js';
import { STAFF } from '../../caller.js';

/** As in the audit trail: `SagaBlocked`, `OrderFulfillmentFailed`. */
const eventType = z.string().regex(/^[!-~]{1,120}$/, 'is the type of an event');

const query = z.strictObject({
  type: several(eventType, { type: 'string', example: 'SagaBlocked' }, 'types').optional(),
  after: position(
    'The position of an event: those behind it. To go on from a page its `next` is the place, as `cursor`.',
  ),
  ...paging,
});

const allEvents = z
  .object({
    items: z.array(sagaEvent).readonly(),
    next: z.string().meta({ description: '`cursor` of the next page, also if there is nothing more as yet.' }),
    more: z.boolean().meta({ description: 'There may be more at once.' }),
    asOf: time.meta({ description: 'All events that were confirmed by then were looked at.' }),
  })
  .meta({ id: 'AllEvents' });

export const listEvents = operation(
  {
    id: 'listEvents',
    method: 'get',
    path: '/api/events',
    tag: 'events',
    roles: STAFF,
    summary: 'Events of all sagas, oldest first',
    description:
      'For readers that keep their place: `next` is where to go on, today or next week. Each event comes once, those of one ' +
      'saga in their order. A page may be short although `more` is true.',
    query,
    answers: { 200: { description: 'A page.', body: allEvents } },
    problems: ['JournalUnavailable'],
  },
  ({ journal }) =>
    async ({ query: { cursor, limit, type: types, after } }) => ({
      status: 200,
      body: await journal.listEvents({ types, after }, { cursor, limit }),
    }),
);
