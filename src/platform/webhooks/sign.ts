/** Signatures in the Standard Webhooks form: https://www.standardwebhooks.com, version v1 (HMAC-SHA256). */
import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';

/** The specification asks for 24 to 64 bytes. */
const SECRET_BYTES = 32;

/** A new secret, as the receiver's library takes it: `whsec_` and base64. */
export const drawSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString('base64');

const [LEAST_BYTES, MOST_BYTES] = [24, 64];

/** True of a secret that this file can sign with: `whsec_` and the base64 of 24 to 64 bytes. */
export function isSecret(text: string): boolean {
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text)) return false;
  const bytes = keyOf(text);
  return bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES && PREFIX + bytes.toString('base64') === text;
}

const keyOf = (secret: string): Buffer => Buffer.from(secret.slice(PREFIX.length), 'base64');

export interface Message {
  /** The same at each attempt and each re-send, so that the receiver knows a repeat. */
  readonly id: string;
  /** JSON, sent and signed as it is. */
  readonly body: string;
}

/**
 * The headers of one attempt. While a secret is being replaced there are two, and a signature by each: the receiver
 * accepts the attempt if one of them is right.
 *
 * @param now milliseconds since 1970; the receiver refuses an attempt whose time is more than five minutes off
 */
export function signedHeaders({ id, body }: Message, secrets: readonly string[], now = Date.now()) {
  const timestamp = String(Math.floor(now / 1_000));
  const content = `${id}.${timestamp}.${body}`;
  const signatures = secrets.map((each) => `v1,${createHmac('sha256', keyOf(each)).update(content).digest('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') } as const;
}
