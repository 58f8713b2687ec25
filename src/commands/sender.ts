/**
 * The sender of a command. Kafka does not show a record's producer to a consumer, so commands are signed as soon as
 * `KAFKA_COMMAND_KEYS` names keys. Without keys, every client that may write to the topic may do everything.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IHeaders } from 'kafkajs';
import { CUSTOMER, type Caller, ROLES, type Role, type CommandKey } from '../caller.js';
import { Problem } from '../problems.js';

export const KEY_HEADER = 'x-unwind-key';
/** Seconds since the epoch. */
export const TIMESTAMP_HEADER = 'x-unwind-timestamp';
/** HMAC-SHA256 in hex. */
export const SIGNATURE_HEADER = 'x-unwind-signature';

/** Less than the inbox remembers: a message so old that its replay would not be recognised is refused. */
const VALID_FOR_S = 14 * 86_400;
const CLOCKS_DIFFER_BY_S = 300;

export interface Sender {
  readonly name: string | null;
  readonly role: Role | null;
}

export const ANYBODY: Sender = { name: null, role: null };

export const callerOf = ({ name, role }: Sender): Caller =>
  name === null || role === null
    ? {
        id: 'saga-commands',
        roles: ROLES,
        actor: undefined,
        customerId: undefined,
        namesOrders: true,
        expiresAt: undefined,
      }
    : {
        id: `command-key:${name}`,
        roles: [role],
        actor: role === 'customer' ? CUSTOMER : name,
        customerId: role === 'customer' ? name : undefined,
        namesOrders: true,
        expiresAt: undefined,
      };

/** The signature over the timestamp, a full stop, and the value as it is sent. */
export const signatureOf = (secret: string, timestamp: string, value: Buffer): string =>
  createHmac('sha256', secret).update(`${timestamp}.`).update(value).digest('hex');

export interface Signed {
  readonly sender: Sender;
  /** The same for a record that is sent again unchanged: a replay. */
  readonly replayId: string;
}

/**
 * @throws Problem `Unauthenticated` if it is not signed; `InvalidCredentials` if no known key has signed it, if it
 * was changed since, or if it was signed more than 14 days ago or in the future
 */
export function verifySender(keys: readonly CommandKey[], value: Buffer, headers: IHeaders): Signed {
  const [name, timestamp, signature] = [KEY_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER].map((header) =>
    headerText(headers[header]),
  );
  if (name === undefined || timestamp === undefined || signature === undefined) throw new Problem('Unauthenticated');
  const key = keys.find((each) => each.name === name);
  // Computed for unknown names, too, so that the time of a refusal shows nothing.
  const expected = signatureOf(key?.secret ?? '', timestamp, value);
  if (!key || !sameText(expected, signature) || !isTimely(timestamp)) throw new Problem('InvalidCredentials');
  const replayId = `signed-${createHash('sha256').update(`${name} ${signature}`).digest('hex').slice(0, 40)}`;
  return { sender: { name, role: key.role }, replayId };
}

const sameText = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

function isTimely(timestamp: string): boolean {
  const age = /^\d{1,12}$/.test(timestamp) ? Date.now() / 1_000 - Number(timestamp) : Infinity;
  return age <= VALID_FOR_S && age >= -CLOCKS_DIFFER_BY_S;
}

function headerText(value: IHeaders[string]): string | undefined {
  if (value === undefined || value === null || Array.isArray(value)) return undefined;
  const text = value.toString();
  return /^[\x21-\x7e]{1,200}$/.test(text) ? text : undefined;
}
