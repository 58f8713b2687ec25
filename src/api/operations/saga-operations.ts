/** The operations on sagas, as the OpenAPI document has them. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { decisionOperation, REFUSED } from './decision-operation.js';
import {
  allEventsQuerySchema,
  allEventsSchema,
  eventListQuerySchema,
  eventListSchema,
  sagaListQuerySchema,
  sagaListSchema,
  stepName,
  streamQuerySchema,
  streamTicketSchema,
} from '../schemas/pages.js';
import { ETAG, IF_MATCH, IF_NONE_MATCH, json, NOT_MODIFIED, operation } from './operation.js';
import { decisionRequestSchema, sagaDecisionSchema } from '../schemas/orders.js';
import * as resolve from '../schemas/decisions.js';
import { SAGA_ID_PATTERN } from '../../steering/saga-ids.js';
import { sagaStatusSchema } from '../../steering/shapes.js';

const sagaId = z.string().regex(SAGA_ID_PATTERN).meta({ example: 'order-4711' });
const params = z.object({ sagaId });

const serverSentEvent = z
  .object({ id: z.string(), event: z.string(), data: z.string().meta({ description: 'A `SagaEvent` as JSON.' }) })
  .meta({ id: 'ServerSentEvent' });

/** Who may know of a saga that is no order's, and cannot be asked. */
const AWAY = ['OrdersUnavailable', 'EngineUnavailable', 'JournalUnavailable'] as const;

const DECISION = {
  params,
  body: decisionRequestSchema,
  answer: sagaDecisionSchema,
  problems: ['SagaNotFound', ...AWAY],
} as const;

export const SAGA_OPERATIONS: readonly RouteConfig[] = [
  operation({
    method: 'get',
    path: '/api/sagas',
    operationId: 'listSagas',
    summary: 'Sagas, newest first',
    description: 'From the read model. With `blockedOn` those that wait for an operator on that step.',
    query: sagaListQuerySchema,
    headers: IF_NONE_MATCH,
    responses: { 200: { description: 'A page.', headers: ETAG, content: json(sagaListSchema) }, ...NOT_MODIFIED },
    problems: ['JournalUnavailable'],
  }),
  operation({
    method: 'post',
    path: '/api/sagas/resolve',
    operationId: 'resolveSagas',
    summary: 'Decide for many blocked sagas at once',
    description:
      'Each blocked saga that the filter takes gets one Update for the step that it is blocked on. The answer says what ' +
      'came of each; a repeat with the same `bulkId` decides nothing twice.',
    body: {
      schema: resolve.bulkRequestSchema,
      example: { filter: { blockedOn: 'process_payment' }, action: 'retry', reason: 'provider is back', dryRun: true },
    },
    responses: { 200: { description: 'What came of each.', content: json(resolve.bulkResponseSchema) } },
    problems: ['JournalUnavailable'],
  }),
  operation({
    method: 'get',
    path: '/api/sagas/{sagaId}/status',
    operationId: 'getSagaStatus',
    summary: 'Where a saga stands, step by step',
    description: 'Answered with every worker down too; `source` and `asOf` say how well it is known.',
    params,
    query: resolve.statusQuerySchema,
    headers: IF_NONE_MATCH,
    responses: { 200: { description: 'The saga.', headers: ETAG, content: json(sagaStatusSchema) }, ...NOT_MODIFIED },
    problems: ['SagaNotFound', ...AWAY],
  }),
  operation({
    method: 'get',
    path: '/api/sagas/{sagaId}/events',
    operationId: 'listSagaEvents',
    summary: "A saga's events, in order",
    params,
    query: eventListQuerySchema,
    headers: IF_NONE_MATCH,
    responses: { 200: { description: 'A page.', headers: ETAG, content: json(eventListSchema) }, ...NOT_MODIFIED },
    problems: ['SagaNotFound', 'OrdersUnavailable', 'JournalUnavailable'],
  }),
  operation({
    method: 'get',
    path: '/api/events',
    operationId: 'listEvents',
    summary: 'Events of all sagas, oldest first',
    description:
      'For readers that keep their place: `next` is where to go on, today or next week. Each event comes once, those of one ' +
      'saga in their order. A page may be short although `more` is true.',
    query: allEventsQuerySchema,
    responses: { 200: { description: 'A page.', content: json(allEventsSchema) } },
    problems: ['JournalUnavailable'],
  }),
  operation({
    method: 'get',
    path: '/api/sagas/{sagaId}/stream',
    operationId: 'streamSagaEvents',
    summary: "A saga's events as they come",
    description: 'Server-sent events, each as in the list. Ends after the last one; resumed with `Last-Event-ID`.',
    params,
    query: streamQuerySchema,
    headers: {
      'last-event-id': z
        .string()
        .regex(/^\d{1,15}$/)
        .optional()
        .meta({ description: 'The position after which to go on.' }),
    },
    responses: {
      200: {
        description: '`id` is the position, `event` the type, `data` the event.',
        content: { 'text/event-stream': { schema: serverSentEvent } },
      },
      204: { description: 'The saga has ended, and everything has been told.' },
      431: { description: 'The address and the headers are longer than 16 KB together; without a problem document.' },
    },
    problems: ['InvalidRequest', 'SagaNotFound', 'TooManyStreams', 'OrdersUnavailable', 'JournalUnavailable'],
  }),
  operation({
    method: 'post',
    path: '/api/sagas/{sagaId}/stream-tickets',
    operationId: 'createStreamTicket',
    summary: 'A ticket with which a browser opens the stream of a saga',
    description:
      'For an `EventSource`, which can send no credentials. The ticket lapses after a minute and is for this stream alone. ' +
      'After a lost connection the browser resumes by itself as long as it holds; later a new ticket is needed, with ' +
      '`after` the `id` of the last event.',
    params,
    responses: {
      201: {
        description: 'The ticket.',
        headers: { Location: { schema: { type: 'string' }, description: 'The stream, with the ticket.' } },
        content: json(streamTicketSchema),
      },
    },
    problems: ['SagaNotFound', 'OrdersUnavailable'],
  }),
  operation({
    method: 'post',
    path: '/api/sagas/{sagaId}/steps/{step}/resolve',
    operationId: 'resolveStep',
    summary: 'Decide on a step that is blocked, or is being retried',
    description: 'Undecided within five seconds it answers 503; the same request id then finds the decision.',
    params: z.object({ sagaId, step: stepName }),
    headers: {
      ...IF_MATCH,
      'idempotency-key': z.string().optional().meta({ description: 'Instead of `requestId` in the body.' }),
    },
    body: { schema: resolve.resolveRequestSchema, example: { action: 'retry', reason: 'provider is back' } },
    responses: { 200: { description: 'The decision, acted on.', content: json(resolve.resolveDecisionSchema) } },
    problems: ['SagaNotFound', ...REFUSED, 'Overtaken', ...AWAY],
  }),
  decisionOperation({
    ...DECISION,
    path: '/api/sagas/{sagaId}/cancel',
    operationId: 'cancelSaga',
    summary: 'Cancel a saga',
    description: 'Accepted and acted on, or refused with the present state.',
    reason: 'the traveller is ill',
  }),
  decisionOperation({
    ...DECISION,
    path: '/api/sagas/{sagaId}/approve',
    operationId: 'approveSaga',
    summary: 'Approve a saga that waits for it',
    description: 'The saga goes on.',
    reason: 'known customer',
  }),
  decisionOperation({
    ...DECISION,
    path: '/api/sagas/{sagaId}/reject',
    operationId: 'rejectSaga',
    summary: 'Reject a saga that waits for approval',
    description: 'The saga is undone, and ends as FAILED with the reason `ApprovalRejected`.',
    reason: 'no answer from the customer',
  }),
];
