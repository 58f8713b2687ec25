/**
 * A web page may change nothing here, because this service is for other services. A page of any origin may send
 * simple requests (a POST without a body is one), and may point a host name of its own at this machine.
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

/** Programs that are no browser send neither header. */
function comesFromPage({ headers }: Request): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (origin !== undefined) return !URL.canParse(origin) || new URL(origin).host !== host?.toLowerCase();
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}
