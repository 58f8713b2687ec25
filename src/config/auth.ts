/** The callers of the API, from the environment. */

import { StartError } from '../platform/start-error.js';
import type { AuthOptions } from '../caller.js';
import type { Settings } from './variables.js';

/** The ways to let the API know its callers. */
export const REMEDY =
  'set AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE, or AUTH_API_KEYS (npx --no unwind api-key makes one)';

/** Undefined: off. It is on as soon as one of its variables is set, unless AUTH says otherwise. */
export function authOf(settings: Settings): AuthOptions | undefined {
  const { AUTH: wanted, AUTH_JWKS_URL: jwksUrl, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = settings;
  if (wanted === false && settings.NODE_ENV === 'production') {
    throw new StartError(`AUTH is off, which NODE_ENV=production refuses: leave it out, and ${REMEDY}.`);
  }
  const apiKeys = settings.AUTH_API_KEYS ?? [];
  if (wanted === false) return undefined;
  const named = [jwksUrl, issuer, audience].filter((value) => value !== undefined).length;
  if (named !== 0 && named !== 3) {
    throw new StartError(
      'AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE belong together: set all three, or none of them.',
    );
  }
  const tokens =
    jwksUrl !== undefined && issuer !== undefined && audience !== undefined
      ? { jwksUrl, issuer, audience, rolesClaim: settings.AUTH_ROLES_CLAIM }
      : undefined;
  if (tokens || apiKeys.length > 0) return { tokens, apiKeys };
  if (wanted === true) throw new StartError(`AUTH is on, and there is nothing to know a caller by: ${REMEDY}.`);
  return undefined;
}
