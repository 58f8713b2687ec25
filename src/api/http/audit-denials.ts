/** Denials of known callers, in the audit (rule 49). */
import type { ErrorRequestHandler, Request } from 'express';
import type { AuditCaller } from '../../journal/decisions/audit-row.js';
import { recordDenial } from '../../journal/decisions/record-decision.js';
import { correlationIdOf } from '../../platform/observability/correlation.js';
import { Problem, PROBLEMS, type LoggedCaller } from '../../problems.js';
import { CUSTOMER, type Caller } from '../../caller.js';
import type { ApiDeps } from '../deps.js';
import type { DecidesAs, Operation } from '../operation.js';
import { addressed, auditCallerOf } from './audit.js';
import { knownCallerOf } from './caller.js';
import { routePattern } from './route-pattern.js';

type Decided = Pick<Operation, 'path'> & { readonly decides: DecidesAs };

/** A caller that was turned away before it was identified, as far as its credentials name one. */
function deniedCaller(
  req: Request,
  known: Caller | undefined,
  named: LoggedCaller | undefined,
): AuditCaller | undefined {
  if (known) return auditCallerOf(req, known, CUSTOMER);
  if (named?.hash === undefined) return undefined;
  const correlationId = correlationIdOf(req);
  return { door: 'api', actor: `caller-${named.hash}`, kind: 'unknown', roles: [], correlationId };
}

/**
 * Records denials (401, 403) of callers that are known or that right credentials name: anybody can send requests without
 * them, and would fill the table.
 */
export const auditDenials = (
  { journal }: Pick<ApiDeps, 'journal'>,
  operations: readonly Operation[],
): ErrorRequestHandler => {
  const deciding = operations.flatMap(({ path, method, decides }): Decided[] =>
    decides && method === 'post' ? [{ path, decides }] : [],
  );
  return async (error: unknown, req, _res, next) => {
    const isDenial = error instanceof Problem && [401, 403].includes(PROBLEMS[error.code].status);
    if (isDenial && req.method === 'POST') {
      const pathname = req.originalUrl.split('?', 1)[0] ?? '';
      const pattern = routePattern(pathname);
      const operation = deciding.find(({ path }) => path === pattern);
      const by = deniedCaller(req, knownCallerOf(req), error.details.caller);
      if (operation && by) {
        const request = { action: operation.decides.action, ...addressed(paramsIn(operation.path, pathname)) };
        const onAway = (err: Error): void =>
          req.log.warn({ err }, 'the audit is away: this denial is in the log alone');
        await recordDenial(journal.audit, { ...by, ...request }, error.code, onAway);
      }
    }
    next(error);
  };
};

/** The parameters of an address that fits the path of an operation. */
const paramsIn = (path: string, pathname: string): Record<string, string> => {
  const parts = pathname.split('/');
  return Object.fromEntries(
    path.split('/').flatMap((part, index) => (part.startsWith('{') ? [[part.slice(1, -1), parts[index] ?? '']] : [])),
  );
};
