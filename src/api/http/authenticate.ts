/** Bearer tokens (JWT, checked by the issuer's published keys) and API keys for machines. */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import { holdsPersonalData, looksPersonal } from '../../platform/personal-data.js';
import { API_KEY_HEADER, loggedSubject, tokenFault } from './credentials.js';
import { type DenialReason, type LoggedCaller, Problem } from '../../problems.js';
import {
  ROLES,
  type Role,
  CUSTOMER,
  type Caller,
  type ApiKey,
  type AuthOptions,
  type TokenOptions,
} from '../../caller.js';
import { CUSTOMER_ID_PATTERN } from '../../orders/order-request.js';

/** @throws Problem `Unauthenticated`, `InvalidCredentials`, or `IdentityUnavailable` while the keys cannot be fetched */
export type Authenticate = (headers: IncomingHttpHeaders) => Promise<Caller>;

/** Asymmetric only: `none`, and HMAC with a public key as its secret, are refused even if a token names them. */
export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'];

const CLOCKS_DIFFER_BY_S = 5;
const JWKS_WITHIN_MS = 1_500;

export function createAuthenticate({ tokens, apiKeys }: AuthOptions): Authenticate {
  const keys = new Map(apiKeys.map((key) => [key.hash, key]));
  const verify = tokens && tokenVerifier(tokens);
  return async (headers) => {
    const { authorization } = headers;
    const apiKey = headers[API_KEY_HEADER];
    if (authorization === undefined && apiKey === undefined)
      throw new Problem('Unauthenticated', { reason: 'NoCredentials' });
    if (authorization !== undefined && apiKey !== undefined) throw invalid('TwoCredentials');
    if (authorization === undefined) return machine(keys.get(sha256(String(apiKey))));
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    if (token === undefined) throw invalid('NotBearer');
    if (!verify) throw invalid('TokensNotConfigured');
    return verify(token);
  };
}

const invalid = (reason: DenialReason, cause?: unknown, caller?: LoggedCaller): Problem =>
  new Problem('InvalidCredentials', { reason, ...(caller && { caller }) }, { cause });

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function machine(key: ApiKey | undefined): Caller {
  if (!key) throw invalid('UnknownApiKey');
  return { ...callerWith(`key:${key.name}`, key.name, [key.role], undefined), namesOrders: true };
}

/** A caller without another role is a customer, with the subject as its id. */
const callerWith = (id: string, subject: string, roles: readonly Role[], expiresAt: number | undefined): Caller => ({
  id,
  roles,
  ...(roles.some((role) => role !== 'customer')
    ? { actor: staffName(subject), customerId: undefined, namesOrders: true }
    : { actor: CUSTOMER, customerId: subject, namesOrders: false }),
  expiresAt,
});

/**
 * The subject, or a pseudonym for an e-mail address and the like; only the issuer's list of subjects shows the
 * person.
 */
const staffName = (subject: string): string =>
  holdsPersonalData(subject) || looksPersonal(subject) || subject.length > 128
    ? `staff-${sha256(subject).slice(0, 12)}`
    : subject;

function tokenVerifier({ jwksUrl, issuer, audience, rolesClaim }: TokenOptions) {
  const keySet = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: JWKS_WITHIN_MS });
  const options = {
    issuer,
    audience,
    algorithms: ALGORITHMS,
    requiredClaims: ['exp', 'sub'],
    clockTolerance: CLOCKS_DIFFER_BY_S,
  };
  return async (token: string): Promise<Caller> => {
    const { payload } = await jwtVerify(token, keySet, options).catch((error: unknown) => {
      if (isAway(error)) throw new Problem('IdentityUnavailable', {}, { cause: error });
      throw invalid(tokenFault(error), error, loggedSubject(error));
    });
    const { sub, exp = 0 }: { sub?: unknown; exp?: number } = payload;
    // The subject becomes the owner of orders, and is compared as text: a number would own orders that it cannot
    // read.
    if (typeof sub !== 'string') throw invalid('SubjectNotText');
    if (!CUSTOMER_ID_PATTERN.test(sub)) throw invalid('SubjectNotAllowed');
    return callerWith(`sub:${sub}`, sub, rolesIn(payload, rolesClaim), (exp + CLOCKS_DIFFER_BY_S) * 1_000);
  };
}

/** A list of names, or one text with spaces between them, as OAuth has its scopes. Without a role of ours nothing is allowed. */
function rolesIn(payload: JWTPayload, claim: string): Role[] {
  const found: unknown = memberOf(payload, claim) ?? claim.split('.').reduce<unknown>(memberOf, payload);
  const names: unknown[] = Array.isArray(found) ? found : String(found).split(' ');
  return ROLES.filter((role) => names.includes(role));
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

/** The keys could not be fetched, so nothing is known about the token. */
const isAway = (error: unknown): boolean =>
  !(error instanceof errors.JOSEError) ||
  ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID'].includes(error.code);
