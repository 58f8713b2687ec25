/**
 * A service is for other services: a web page may change nothing here. A page of any origin may send simple requests (a
 * POST without a body is one), and may point its own name at this machine.
 */
import type { Request, RequestHandler } from 'express';
import { ProblemError } from './problem.js';

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** `hosts` are the names under which the service may be called, without ports; undefined for any. */
export function refusePages(hosts: readonly string[] | undefined): RequestHandler {
  return (request, _response, next) => {
    const name = request.headers.host?.toLowerCase().replace(/:\d*$/, '');
    if (hosts !== undefined && name !== undefined && !hosts.includes(name)) {
      throw new ProblemError('HostNotAllowed', 'This service is not called by that name; see ALLOWED_HOSTS.');
    }
    if (!READING.has(request.method) && comesFromPage(request)) {
      throw new ProblemError('OriginNotAllowed', 'A web page of another origin may change nothing here.');
    }
    next();
  };
}

/** What is no browser sends neither header. */
function comesFromPage({ headers }: Request): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (origin !== undefined) return !URL.canParse(origin) || new URL(origin).host !== host?.toLowerCase();
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}
