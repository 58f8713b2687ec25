/**
 * Requests from browsers. A page of any origin may send simple requests, and may point a host name of its own at this
 * machine. So the host is checked, changes are accepted from allowed origins only, and allowed origins may read
 * (CORS).
 */
import type { Request, RequestHandler } from 'express';
import { API_KEY_HEADER } from './credentials.js';
import { CORRELATION_HEADER, TRACE_HEADER } from '../../caller.js';
import { Problem } from '../../problems.js';

interface BrowserOptions {
  /** Host names under which the API may be called, without ports; undefined for any. */
  readonly hosts?: readonly string[] | undefined;
  /** Origins whose pages may call, exactly as browsers send them. */
  readonly origins?: readonly string[] | undefined;
}

/** Request headers that a page may send, beside those that are always allowed. */
const REQUEST_HEADERS = [
  'authorization',
  'content-type',
  API_KEY_HEADER,
  'idempotency-key',
  'if-match',
  'if-none-match',
  'prefer',
  'last-event-id',
  CORRELATION_HEADER,
  TRACE_HEADER,
  'tracestate',
].join(', ');

/** Response headers that a page may read, beside those that are always readable. */
const RESPONSE_HEADERS = [
  'Location',
  'ETag',
  'Retry-After',
  'Idempotency-Replayed',
  'Preference-Applied',
  'WWW-Authenticate',
  'Allow',
  'RateLimit',
  'RateLimit-Policy',
  CORRELATION_HEADER,
  TRACE_HEADER,
].join(', ');

const METHODS = 'GET, HEAD, POST, PATCH, DELETE';
const PREFLIGHT_FOR_S = '600';
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Runs before authentication, because a preflight carries no credentials. */
export function fromBrowsers({ hosts, origins = [] }: BrowserOptions): RequestHandler {
  return (req, res, next) => {
    if (hosts && !isCalledBy(req, hosts)) throw new Problem('HostNotAllowed', { reason: 'HostNotAllowed' });
    if (origins.length > 0) res.vary('Origin');
    const origin = req.get('origin');
    const allowed = origin !== undefined && origins.includes(origin);
    if (allowed) {
      res.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': RESPONSE_HEADERS });
    }
    if (req.method === 'OPTIONS' && origin !== undefined && req.get('access-control-request-method') !== undefined) {
      if (!allowed) throw new Problem('OriginNotAllowed', { reason: 'OriginNotAllowed' });
      res.set({
        'Access-Control-Allow-Methods': METHODS,
        'Access-Control-Allow-Headers': REQUEST_HEADERS,
        'Access-Control-Max-Age': PREFLIGHT_FOR_S,
      });
      res.vary('Access-Control-Request-Headers').status(204).end();
      return;
    }
    if (!READING.has(req.method) && !allowed && isForeign(req, origin)) {
      throw new Problem('OriginNotAllowed', { reason: 'OriginNotAllowed' });
    }
    next();
  };
}

const PORT = /:\d*$/;

/** HTTP/1.0 has no `Host`, and no browser uses it. */
function isCalledBy(req: Request, hosts: readonly string[]): boolean {
  const { host } = req.headers;
  return host === undefined || hosts.includes(host.toLowerCase().replace(PORT, ''));
}

/** True for a request of another site's page. Programs that are no browser send neither header. */
function isForeign(req: Request, origin: string | undefined): boolean {
  if (origin !== undefined) return !URL.canParse(origin) || new URL(origin).host !== req.headers.host?.toLowerCase();
  const site = req.get('sec-fetch-site');
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}
