import express, { type RequestHandler, type Router } from 'express';
import { requireSaga } from '../http/access.js';
import { resolveSagas } from './resolve-sagas.js';
import { allow, callerOf } from '../http/caller.js';
import { sendTagged } from '../http/etag.js';
import { decideSaga } from './decide-saga.js';
import type { ApiDeps } from '../deps.js';
import { jsonBody } from '../http/json-body.js';
import {
  allEventsQuerySchema,
  eventListQuerySchema,
  sagaListQuerySchema,
  stepName,
  type SagaList,
  type StreamTicket,
} from '../schemas/pages.js';
import { decisionRequestSchema } from '../schemas/orders.js';
import { idempotencyKeyOf } from '../http/preferences.js';
import { onlyMethods } from '../http/problem-document.js';
import { resolveRequestSchema, statusQuerySchema } from '../schemas/decisions.js';
import { streamEvents } from './stream-events.js';
import { readSagaStatus, statusTag } from '../../steering/status.js';
import { decisionRequest, stepRequest, type SagaDecision, actorOf } from '../../steering/steer.js';
import type { StreamTickets } from './stream-tickets.js';
import { parseBody, parseQuery } from '../../platform/validate.js';
import { Problem } from '../../problems.js';

type SagaRoute = RequestHandler<{ sagaId: string }>;

export function sagaRoutes(deps: ApiDeps, tickets: Pick<StreamTickets, 'issue'>): Router {
  const router = express.Router();
  router.route('/api/sagas').get(allow('listSagas'), listSagas(deps)).all(onlyMethods('GET'));
  router.route('/api/events').get(allow('listEvents'), listEvents(deps)).all(onlyMethods('GET'));
  router.route('/api/sagas/resolve').post(allow('resolveSagas'), jsonBody, resolveSagas(deps)).all(onlyMethods('POST'));
  router.route('/api/sagas/:sagaId/status').get(allow('getSagaStatus'), status(deps)).all(onlyMethods('GET'));
  router.route('/api/sagas/:sagaId/events').get(allow('listSagaEvents'), events(deps)).all(onlyMethods('GET'));
  router.route('/api/sagas/:sagaId/stream').get(allow('streamSagaEvents'), streamEvents(deps)).all(onlyMethods('GET'));
  router
    .route('/api/sagas/:sagaId/stream-tickets')
    .post(allow('createStreamTicket'), createTicket(deps, tickets))
    .all(onlyMethods('POST'));
  router
    .route('/api/sagas/:sagaId/steps/:step/resolve')
    .post(allow('resolveStep'), jsonBody, resolve(deps))
    .all(onlyMethods('POST'));
  for (const [decision, operation] of Object.entries(DECISIONS)) {
    router
      .route(`/api/sagas/:sagaId/${decision}`)
      .post(allow(operation), jsonBody, decide(deps, decision as SagaDecision))
      .all(onlyMethods('POST'));
  }
  return router;
}

const DECISIONS = { cancel: 'cancelSaga', approve: 'approveSaga', reject: 'rejectSaga' } as const;

const status =
  (deps: ApiDeps): SagaRoute =>
  async (req, res) => {
    const { fresh } = parseQuery(statusQuerySchema, req.query);
    await requireSaga(deps, callerOf(req), req.params.sagaId);
    const found = await readSagaStatus(deps, req.params.sagaId, { fresh });
    if (!found) throw new Problem('SagaNotFound');
    sendTagged(req, res, found, statusTag(found));
  };

const listSagas =
  ({ journal }: ApiDeps): RequestHandler =>
  async (req, res) => {
    const { cursor, limit, ...filter } = parseQuery(sagaListQuerySchema, req.query);
    const page: SagaList = await journal.listSagas(filter, { cursor, limit });
    sendTagged(req, res, page);
  };

const listEvents =
  ({ journal }: ApiDeps): RequestHandler =>
  async (req, res) => {
    const { cursor, limit, type: types, after } = parseQuery(allEventsQuerySchema, req.query);
    const page = await journal.listEvents({ types, after }, { cursor, limit });
    res.json(page);
  };

const events =
  (deps: ApiDeps): SagaRoute =>
  async (req, res) => {
    const { after, limit, allBranches } = parseQuery(eventListQuerySchema, req.query);
    const { sagaId } = req.params;
    await requireSaga(deps, callerOf(req), sagaId);
    const items = await deps.journal.getEvents(sagaId, { after, limit, allBranches });
    if (items.length === 0) await requireKnown(deps, sagaId);
    const next = items.length < limit ? null : (items.at(-1)?.position ?? null);
    sendTagged(req, res, { sagaId, items, next });
  };

const createTicket =
  (deps: ApiDeps, tickets: Pick<StreamTickets, 'issue'>): SagaRoute =>
  async (req, res) => {
    const { sagaId } = req.params;
    const caller = callerOf(req);
    await requireSaga(deps, caller, sagaId);
    const { ticket, expiresAt } = await tickets.issue(caller, sagaId);
    const answer: StreamTicket = { sagaId, expiresAt, stream: `/api/sagas/${sagaId}/stream?ticket=${ticket}` };
    res.status(201).location(answer.stream).json(answer);
  };

/** A saga without events: its order was accepted, and nothing has been heard of it yet. */
async function requireKnown(deps: ApiDeps, sagaId: string): Promise<void> {
  if ((await deps.journal.getSaga(sagaId)) === undefined) throw new Problem('SagaNotFound');
}

function resolve(deps: ApiDeps): RequestHandler<{ sagaId: string; step: string }> {
  return async (req, res) => {
    const { sagaId, step } = req.params;
    const body = parseBody(resolveRequestSchema, req.body);
    const caller = callerOf(req);
    const actor = actorOf(caller, body.actor, 'operator');
    await requireSaga(deps, caller, sagaId);
    if (!stepName.safeParse(step).success) throw new Problem('NotApplicable', { sagaId });
    const requestId = body.requestId ?? idempotencyKeyOf(req) ?? crypto.randomUUID();
    const { action, reason } = body;
    const request = stepRequest({ requestId, step, action, actor, reason });
    const decided = await decideSaga(deps, req, sagaId, { request, notFound: 'SagaNotFound' });
    res.json({ ...decided, step, action, requestId });
  };
}

function decide(deps: ApiDeps, decision: SagaDecision): SagaRoute {
  return async (req, res) => {
    const { sagaId } = req.params;
    const { actor: named, reason } = parseBody(decisionRequestSchema, req.body);
    const caller = callerOf(req);
    const request = decisionRequest(decision, { actor: actorOf(caller, named, 'operator'), reason });
    await requireSaga(deps, caller, sagaId);
    res.json(await decideSaga(deps, req, sagaId, { request, notFound: 'SagaNotFound' }));
  };
}
