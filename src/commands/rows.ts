/** The row of a message, kept until it is decided and its refusal published. */
import type { IHeaders } from 'kafkajs';
import { hasCutHeaders } from './codecs.js';
import type { Judged, Received } from './judge.js';

/** As in the table `queued_commands`. */
export interface QueuedCommand {
  readonly id: string;
  readonly queue: string;
  readonly saga_id: string | null;
  readonly command: string | null;
  readonly correlation_id: string;
  readonly place: string;
  readonly sender: string | null;
  readonly role: string | null;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Values in base64; null if it was null. */
  readonly headers: readonly (readonly [string, string | null])[];
  readonly lost: string | null;
}

const MOST_VALUE = 64 * 1024;
const MOST_KEY = 1024;
const MOST_HEADER_BYTES = 16 * 1024;

/** A content that is larger than any command is cut, so that the row is bounded and fits on the DLQ. */
export function rowOf({ place, key, value, headers }: Received, judged: Judged): QueuedCommand {
  const { id, sagaId, command, correlationId, sender, unforeseen } = judged;
  const all = headersOf(headers);
  const fits = all.reduce((sum, [name, text]) => sum + name.length + (text?.length ?? 0), 0) <= MOST_HEADER_BYTES;
  const lost = [
    ...(value === null ? ['value was null'] : []),
    ...(value && value.length > MOST_VALUE ? [`value had ${value.length} bytes`] : []),
    ...(key && key.length > MOST_KEY ? [`key had ${key.length} bytes`] : []),
    ...(fits && !hasCutHeaders(headers) ? [] : ['too many or too large headers']),
    ...(all.some(([, text]) => text === null) ? ['headers were null'] : []),
  ];
  return {
    id,
    // A command without a saga waits for no other.
    queue: unforeseen === undefined ? (sagaId ?? place) : place,
    saga_id: sagaId ?? null,
    command: command ?? null,
    correlation_id: correlationId,
    place,
    sender: sender.name,
    role: sender.role,
    key: key && key.length <= MOST_KEY ? key : null,
    value: value && value.subarray(0, MOST_VALUE),
    headers: fits ? all : [],
    lost: lost.length === 0 ? null : lost.join('; '),
  };
}

/** PostgreSQL stores no null character in JSON. */
const headersOf = (headers: IHeaders): [string, string | null][] =>
  Object.entries(headers).flatMap(([name, values]) =>
    (Array.isArray(values) ? values : [values]).map((value): [string, string | null] => [
      name.replaceAll('\0', ' '),
      value === undefined || value === null ? null : Buffer.from(value as Buffer).toString('base64'),
    ]),
  );
