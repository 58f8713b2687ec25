/** Bodies of requests: JSON in UTF-8 of at most 64 KB, read as strictly as Kafka's commands (A2). */
import express, { type Request, type RequestHandler } from 'express';
import { parseStrictJson } from '../../platform/strict-json.js';
import { Problem } from '../../problems.js';

const refused = (message: string): Problem =>
  new Problem('UnsupportedMediaType', { errors: [{ field: 'body', message }] });

/** RFC 8259 knows no other encoding, and no parameter for it; many clients send this one all the same. */
function isUtf8(req: Request): boolean {
  const [, charset] = /;\s*charset\s*=\s*("[^"]*"|[^;\s]*)/i.exec(req.get('content-type') ?? '') ?? [];
  return charset === undefined || /^"?utf-?8"?$/i.test(charset);
}

/** 415 is for a body of another type; a missing one is an invalid one. */
const onlyJson: RequestHandler = (req, _res, next) => {
  if (req.is('application/json') === false) {
    throw refused('has to be JSON, with the header Content-Type: application/json');
  }
  if (!isUtf8(req)) throw refused('has to be in UTF-8');
  next();
};

/** From bytes to a value. No bytes mean no body, and the schema says which members are required. */
const parse: RequestHandler = (req, _res, next) => {
  const { body }: { body?: unknown } = req;
  req.body = Buffer.isBuffer(body) && body.length > 0 ? parseStrictJson(body) : undefined;
  next();
};

export const jsonBody: RequestHandler[] = [
  onlyJson,
  express.raw({ limit: 64 * 1024, type: 'application/json' }),
  parse,
];
