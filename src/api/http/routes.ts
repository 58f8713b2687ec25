/** The routes of operations at run time: guard, validation, handler and answer, as their definitions say. */
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { parseBody, parseQuery } from '../../platform/validate.js';
import type { OperationDeps } from '../deps.js';
import type { Operation, PlainAnswer } from '../operation.js';
import { audited } from './audit.js';
import { allow, callerOf } from './caller.js';
import { sendTagged } from './etag.js';
import { jsonBody } from './json-body.js';
import { onlyMethods } from './problem-document.js';

/** Other methods of an operation's path are refused with 405. */
export function routesOf(operations: readonly Operation[], deps: OperationDeps): Router {
  const router = express.Router();
  for (const path of new Set(operations.map(({ path }) => path))) {
    const here = operations.filter((each) => each.path === path);
    const route = router.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    for (const operation of here) route[operation.method](...handlersOf(operation, deps));
    route.all(onlyMethods(...here.map(({ method }) => method.toUpperCase()).toSorted()));
  }
  return router;
}

/**
 * The order of the checks: the caller's permission, the body's form, query and body by their schemas; then the
 * handler.
 */
function handlersOf(operation: Operation, deps: OperationDeps): RequestHandler[] {
  const handle = operation.handlerOf(deps);
  return [
    ...(operation.roles ? [allow(operation.roles)] : []),
    ...(operation.body ? jsonBody : []),
    async (req, res) => {
      const asked = askedBy(operation, req, res);
      const answer = await audited(deps, operation, asked, () => handle(asked as never));
      if (answer) send(operation, req, res, answer);
    },
  ];
}

function askedBy({ roles, query, body, headers = {} }: Operation, req: Request, res: Response) {
  const readers = Object.entries(headers).map(([name, { read }]) => [name, () => read(req)]);
  return {
    req,
    res,
    caller: roles && callerOf(req),
    params: req.params,
    query: query && parseQuery(query, req.query),
    body: body && parseBody(body.schema, req.body),
    headers: Object.fromEntries(readers),
  };
}

function send({ conditional }: Operation, req: Request, res: Response, answer: PlainAnswer): void {
  const { status, headers = {}, state, body } = answer;
  res.status(status).set(headers);
  if (body === undefined) res.end();
  else if (conditional || state !== undefined) sendTagged(req, res, Object(body), state);
  else res.json(body);
}
