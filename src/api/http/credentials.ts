/**
 * The reasons for refused credentials, and the caller's name in the log: reasons are stable, and no person is named
 * (rule 33).
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { errors } from 'jose';
import type { Caller } from '../../caller.js';
import type { DenialReason, LoggedCaller } from '../../problems.js';

export const API_KEY_HEADER = 'x-api-key';

const BY_CODE: Readonly<Record<string, DenialReason>> = {
  ERR_JWT_EXPIRED: 'TokenExpired',
  ERR_JOSE_ALG_NOT_ALLOWED: 'AlgorithmNotAllowed',
  ERR_JWKS_NO_MATCHING_KEY: 'UnknownSigningKey',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'UnknownSigningKey',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'BadSignature',
};

/** The fault of a token, from the error of its verification. */
export function tokenFault(error: unknown): DenialReason {
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === 'missing') return 'ClaimMissing';
    const byClaim: Readonly<Record<string, DenialReason>> = { iss: 'WrongIssuer', aud: 'WrongAudience' };
    return byClaim[error.claim] ?? (error.claim === 'nbf' ? 'TokenNotYetValid' : 'TokenMalformed');
  }
  return error instanceof errors.JOSEError ? (BY_CODE[error.code] ?? 'TokenMalformed') : 'TokenMalformed';
}

/** Short enough for a line, long enough to tell callers apart. */
export const hashOfCaller = (id: string): string => createHash('sha256').update(id).digest('hex').slice(0, 16);

/** A caller for the log: never its subject, which may be an e-mail address. */
export function loggedCaller({ id, roles }: Pick<Caller, 'id' | 'roles'>): LoggedCaller {
  const [, key] = /^key:(.*)$/s.exec(id) ?? [];
  return { hash: hashOfCaller(id), roles, ...(key !== undefined && { key }) };
}

/** The subject of a token with a right signature that is refused for another reason, such as its expiry. */
export function loggedSubject(error: unknown): LoggedCaller | undefined {
  const isSigned = error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed;
  const sub: unknown = isSigned ? error.payload.sub : undefined;
  return typeof sub === 'string' ? { hash: hashOfCaller(`sub:${sub}`) } : undefined;
}

interface Denial {
  readonly reason: DenialReason;
  readonly caller?: LoggedCaller;
}

const denials = new WeakMap<IncomingMessage, Denial>();

/** Kept for the request's line in the log. */
export const noteDenial = (req: IncomingMessage, denial: Denial): void => void denials.set(req, denial);

export const denialOf = (req: IncomingMessage): Denial | undefined => denials.get(req);
