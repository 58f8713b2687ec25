import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CORRELATION_HEADER } from '../../caller.js';
import { looksLikeCardNumber } from '../personal-data.js';

/** No `@` and no blanks, so that neither an e-mail address nor a line break gets into the logs of any process. */
export const CORRELATION_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** True for a well-formed id that cannot be a card number. */
export const isCorrelationId = (given: string): boolean =>
  CORRELATION_PATTERN.test(given) && !looksLikeCardNumber(given);

/** Takes the caller's correlation id, or makes one if it is absent or malformed, and sets it on the answer. */
export function assignCorrelationId(req: IncomingMessage, res: ServerResponse): string {
  const given = req.headers[CORRELATION_HEADER];
  const id = typeof given === 'string' && isCorrelationId(given) ? given : randomUUID();
  res.setHeader(CORRELATION_HEADER, id);
  return id;
}

/** The id that `assignCorrelationId` gave the request. */
export const correlationIdOf = (req: IncomingMessage): string => (typeof req.id === 'string' ? req.id : '');
