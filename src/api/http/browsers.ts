/**
 * Requests from browsers. A page of any origin may send simple requests, and may point its own name at this machine: so
 * the host is checked, what changes something is taken from allowed origins only, and allowed origins may read (CORS).
 */
import type { Request, RequestHandler } from 'express';
import { API_KEY_HEADER } from './credentials.js';
import { CORRELATION_HEADER } from '../../platform/observability/correlation.js';
import { TRACE_HEADER } from '../../platform/observability/trace.js';
import { Problem } from '../../problems.js';

interface BrowserOptions {
  /** Host names under which the API may be called, without ports; undefined for any. */
  readonly hosts?: readonly string[] | undefined;
  /** Origins whose pages may call, exactly as browsers send them. */
  readonly origins?: readonly string[] | undefined;
}

/** What a page may send beyond what is always allowed. */
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

/** What a page may read beyond what is always readable. */
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

const METHODS = 'GET, HEAD, POST';
const PREFLIGHT_FOR_S = '600';
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Comes before authentication: a preflight carries no credentials. */
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

/** HTTP/1.0 knows no `Host`, and no browser speaks it. */
function isCalledBy(req: Request, hosts: readonly string[]): boolean {
  const { host } = req.headers;
  return host === undefined || hosts.includes(host.toLowerCase().replace(PORT, ''));
}

/** Of a page that is not ours. What is no browser sends neither header. */
function isForeign(req: Request, origin: string | undefined): boolean {
  if (origin !== undefined) return !URL.canParse(origin) || new URL(origin).host !== req.headers.host?.toLowerCase();
  const site = req.get('sec-fetch-site');
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}
