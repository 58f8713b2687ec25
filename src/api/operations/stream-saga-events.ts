import { z } from 'zod';
import { hasEnded } from '../../steering/status.js';
import { requireSaga } from '../http/access.js';
import { openStreams, sendEvents } from '../http/event-stream.js';
import { lastEventId } from '../http/headers.js';
import { operation } from '../operation.js';
import { position } from '../schemas/query.js';
import { sagaParams } from '../schemas/sagas.js';
import { ROLES } from '../../caller.js';
import { Problem } from '../../problems.js';

/** For an `EventSource` of a browser, which can send neither credentials nor a first `Last-Event-ID`. */
const query = z.strictObject({
  ticket: z
    .string()
    .regex(/^[\w.-]{1,2000}$/)
    .optional()
    .meta({ description: 'From `createStreamTicket`, instead of other credentials.' }),
  after: position('The position after which to begin; `Last-Event-ID` wins.'),
});

const serverSentEvent = z
  .object({ id: z.string(), event: z.string(), data: z.string().meta({ description: 'A `SagaEvent` as JSON.' }) })
  .meta({ id: 'ServerSentEvent' });

export const streamSagaEvents = operation(
  {
    id: 'streamSagaEvents',
    method: 'get',
    path: '/api/sagas/{sagaId}/stream',
    tag: 'events',
    roles: ROLES,
    summary: "A saga's events as they come",
    description: 'Server-sent events, each as in the list. Ends after the last one; resumed with `Last-Event-ID`.',
    params: sagaParams,
    query,
    headers: { lastEventId },
    answers: {
      200: {
        description: '`id` is the position, `event` the type, `data` the event.',
        type: 'text/event-stream',
        body: serverSentEvent,
      },
      204: { description: 'The saga has ended, and all of its events have been sent.' },
      431: { description: 'The address and the headers are longer than 16 KB together; without a problem document.' },
    },
    problems: ['InvalidRequest', 'SagaNotFound', 'TooManyStreams', 'OrdersUnavailable', 'JournalUnavailable'],
  },
  (deps) => {
    const streams = openStreams(deps);
    return async ({ req, res, caller, params: { sagaId }, query, headers }) => {
      const after = headers.lastEventId() ?? query.after;
      await requireSaga(deps, caller, sagaId);
      const [saga, next] = await Promise.all([
        deps.journal.getSaga(sagaId),
        deps.journal.getEvents(sagaId, { after, limit: 1 }),
      ]);
      if (!saga && next.length === 0) throw new Problem('SagaNotFound');
      // Nothing more will come: at a 204 an `EventSource` stops asking.
      if (saga && after !== undefined && next.length === 0 && hasEnded(saga)) return { status: 204 };
      res.type('text/event-stream');
      if (req.method === 'HEAD') {
        res.end();
        return undefined;
      }
      const counted = streams.open(caller.id === 'anybody' ? `address:${req.ip ?? ''}` : caller.id);
      const { expiresAt } = caller;
      await sendEvents(deps, res, { sagaId, after, expiresAt, over: counted.over }).finally(counted.close);
      return undefined;
    };
  },
);
