/** Request headers of our own kind: `Idempotency-Key` and `Prefer: wait=N` (RFC 7240). */
import type { Request } from 'express';
import { invalidRequest } from '../../platform/validate.js';

const LONGEST_WAIT_S = 30;

/** Seconds for which the caller wants to wait for the outcome, at most 30; undefined if it does not. */
export function waitOf(req: Request): number | undefined {
  const preferences = (req.get('prefer') ?? '').split(/[,;]/);
  const wait = preferences.map((each) => /^\s*wait\s*=\s*"?(\d{1,9})"?\s*$/i.exec(each)?.[1]).find((each) => each);
  return wait === undefined ? undefined : Math.min(Number(wait), LONGEST_WAIT_S);
}

/** As the draft has it, a string in quotes; the quotes may be left out. Between them anything visible, up to 255. */
export const IDEMPOTENCY_KEY_PATTERN = /^(?:"[!#-~]{1,255}"|[!#-~]{1,255})$/;

export function idempotencyKeyOf(req: Request): string | undefined {
  const given = req.get('idempotency-key');
  if (given === undefined) return undefined;
  if (IDEMPOTENCY_KEY_PATTERN.test(given)) return given.replaceAll('"', '');
  const message = 'is one key of 1 to 255 visible ASCII characters, in quotes or without';
  throw invalidRequest([{ field: 'Idempotency-Key', message }]);
}
