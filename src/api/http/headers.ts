/** Request headers that operations declare and read: the document shows `schema`, the handler calls `read`. */
import type { Request } from 'express';
import { z } from 'zod';
import { invalidRequest } from '../../platform/validate.js';

export interface RequestHeader<Value> {
  readonly name: string;
  readonly schema: z.ZodType;
  /** Throws `InvalidRequest` if the header is malformed. */
  readonly read: (req: Request) => Value;
}

/** As the draft has it, a string in quotes; the quotes may be left out. Between them anything visible, up to 255. */
const KEY_PATTERN = /^(?:"[!#-~]{1,255}"|[!#-~]{1,255})$/;

export const idempotencyKey: RequestHeader<string | undefined> = {
  name: 'idempotency-key',
  schema: z
    .string()
    .regex(KEY_PATTERN)
    .optional()
    .meta({
      description:
        "The caller's own name for this request. A repeat is answered as the first was (`Idempotency-Replayed: true`); " +
        'a repeat that comes while the first is handled is 409, another body is 422. Only successes are stored, for as ' +
        'long as the order.',
      example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
    }),
  read: (req) => {
    const given = req.get('idempotency-key');
    if (given === undefined) return undefined;
    if (KEY_PATTERN.test(given)) return given.replaceAll('"', '');
    const message = 'is one key of 1 to 255 visible ASCII characters, in quotes or without';
    throw invalidRequest([{ field: 'Idempotency-Key', message }]);
  },
};

const LONGEST_WAIT_S = 30;

/** `Prefer: wait=N` (RFC 7240): the seconds for which the caller wants to wait for the outcome, at most 30. */
export const preferredWait: RequestHeader<number | undefined> = {
  name: 'prefer',
  schema: z.string().optional().meta({
    description: '`wait=N`: answers with the outcome if it comes within N seconds, at most 30 (RFC 7240).',
    example: 'wait=10',
  }),
  read: (req) => {
    const preferences = (req.get('prefer') ?? '').split(/[,;]/);
    const wait = preferences.map((each) => /^\s*wait\s*=\s*"?(\d{1,9})"?\s*$/i.exec(each)?.[1]).find((each) => each);
    return wait === undefined ? undefined : Math.min(Number(wait), LONGEST_WAIT_S);
  },
};

export const ifMatch: RequestHeader<string | undefined> = {
  name: 'if-match',
  schema: z.string().optional().meta({ description: 'The ETag that was decided on: anything newer is 412.' }),
  read: (req) => req.get('if-match'),
};

const EVENT_ID = /^\d{1,15}$/;

/** The position after which a stream goes on: an `EventSource` sends it by itself after a lost connection. */
export const lastEventId: RequestHeader<number | undefined> = {
  name: 'last-event-id',
  schema: z.string().regex(EVENT_ID).optional().meta({ description: 'The position after which to go on.' }),
  read: (req) => {
    const given = req.get('last-event-id');
    if (given === undefined) return undefined;
    if (EVENT_ID.test(given)) return Number(given);
    throw invalidRequest([{ field: 'Last-Event-ID', message: 'is the id of an event of this stream' }]);
  },
};
