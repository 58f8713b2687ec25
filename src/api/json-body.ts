import express, { type RequestHandler } from 'express';
import { Problem } from './problem.js';

/** 415 is for a body of another type; a missing one is an invalid one. */
const onlyJson: RequestHandler = (req, _res, next) => {
  if (req.is('application/json') !== false) return next();
  const message = 'has to be JSON, with the header Content-Type: application/json';
  throw new Problem('UnsupportedMediaType', { errors: [{ field: 'body', message }] });
};

/** Reads a JSON body of at most 64 KB; `strict: false` leaves it to the schema to say what has to be in it. */
export const jsonBody: RequestHandler[] = [onlyJson, express.json({ limit: 64 * 1024, strict: false })];
