/** Somebody who issues tokens, and publishes the keys that they can be checked by. */
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import { listen, stop, urlOf } from './listening.js';
import type { TokenOptions } from '../../src/caller.js';

type SigningKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'] | Uint8Array;

/** `undefined` leaves a claim out. */
type Claims = { readonly [Name in keyof JWTPayload]?: JWTPayload[Name] | undefined };

export interface Issuer {
  readonly options: TokenOptions;
  /** A good token, but for what `claims` and `header` say otherwise; undefined leaves a claim out. */
  token(claims?: Claims, header?: { readonly alg?: string; readonly key?: SigningKey }): Promise<string>;
  /** The published key, as text: what somebody would take who signs with it as if it were a secret. */
  readonly publicKey: Uint8Array;
  /** From now on the keys cannot be fetched. */
  goAway(): void;
  close(): Promise<void>;
}

export async function runIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  let away = false;
  const server = await listen(
    createServer((_req, res) => {
      res.statusCode = away ? 500 : 200;
      res.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
    }),
  );
  const options = {
    jwksUrl: `${urlOf(server)}/keys`,
    issuer: 'https://login.test/',
    audience: 'unwind',
    rolesClaim: 'roles',
  };
  return {
    options,
    publicKey: new TextEncoder().encode(JSON.stringify(jwk)),
    token: (claims = {}, { alg = 'ES256', key = privateKey } = {}) => {
      const now = Math.floor(Date.now() / 1_000);
      const standard = { iss: options.issuer, aud: options.audience, sub: 'alice', exp: now + 300, iat: now };
      return new SignJWT({ ...standard, roles: ['customer'], ...(claims as JWTPayload) })
        .setProtectedHeader({ alg, kid: 'k1' })
        .sign(key);
    },
    goAway: () => {
      away = true;
    },
    close: () => stop(server),
  };
}
