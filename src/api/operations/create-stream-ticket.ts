import { z } from 'zod';
import { time } from '../../steering/shapes.js';
import { requireSaga } from '../http/access.js';
import { operation } from '../operation.js';
import { sagaParams } from '../schemas/sagas.js';
import { ROLES } from '../../caller.js';

const streamTicket = z
  .object({
    sagaId: z.string(),
    stream: z.string().meta({ description: 'The address of the stream, with the ticket in it.' }),
    expiresAt: time.meta({ description: 'The stream has to be opened before; it goes on afterwards.' }),
  })
  .meta({ id: 'StreamTicket' });

export const createStreamTicket = operation(
  {
    id: 'createStreamTicket',
    method: 'post',
    path: '/api/sagas/{sagaId}/stream-tickets',
    tag: 'access',
    roles: ROLES,
    summary: 'A ticket with which a browser opens the stream of a saga',
    description:
      'For an `EventSource`, which can send no credentials. The ticket lapses after a minute and is for this stream alone. ' +
      'After a lost connection the browser resumes by itself as long as it holds; later a new ticket is needed, with ' +
      '`after` the `id` of the last event.',
    params: sagaParams,
    answers: {
      201: {
        description: 'The ticket.',
        headers: { Location: { schema: { type: 'string' }, description: 'The stream, with the ticket.' } },
        body: streamTicket,
      },
    },
    problems: ['SagaNotFound', 'OrdersUnavailable'],
  },
  (deps) =>
    async ({ caller, params: { sagaId } }) => {
      await requireSaga(deps, caller, sagaId);
      const { ticket, expiresAt } = await deps.tickets.issue(caller, sagaId);
      const stream = `/api/sagas/${sagaId}/stream?ticket=${ticket}`;
      return { status: 201, headers: { Location: stream }, body: { sagaId, expiresAt, stream } };
    },
);
