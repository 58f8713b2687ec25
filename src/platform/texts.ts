/** Texts that callers send: PostgreSQL can store them, people can read them, and those in histories hold nothing personal. */
import { z } from 'zod';
import { holdsPersonalData } from './personal-data.js';

/** No control characters and no halves of surrogate pairs: PostgreSQL stores neither. At least one visible character. */
// oxlint-disable-next-line no-control-regex -- to refuse them
const TEXT = /^(?=[\s\S]*\S)[^\u0000-\u001f\u007f-\u009f\ud800-\udfff]+$/u;

const [ANY, VISIBLE] = ['[^\\u0000-\\u001f\\u007f-\\u009f]', '[^\\u0000-\\u0020\\u007f-\\u00a0]'];
/** The same for the OpenAPI document and other tools: without look-ahead and surrogates. */
export const SHOWN_TEXT = `^${ANY}*${VISIBLE}${ANY}*$`;

export const text = (max: number) =>
  z
    .string()
    .max(max, `has at most ${max} characters`)
    .regex(TEXT, 'is text without control characters, and not blank')
    .meta({ pattern: SHOWN_TEXT });

/** For texts that become part of histories and events: not a customer's e-mail address or card number. */
export const historyText = (max: number) =>
  text(max).refine((value) => !holdsPersonalData(value), 'is kept in the history: no e-mail address, no card number');

const NO_AT = `^[^\\u0000-\\u001f\\u007f-\\u009f@]*[^\\u0000-\\u0020\\u007f-\\u00a0@][^\\u0000-\\u001f\\u007f-\\u009f@]*$`;

/** The actor, if no credentials name one. */
export const actorName = text(255)
  .refine((value) => !value.includes('@') && !holdsPersonalData(value), 'is a name: no e-mail address, no card number')
  .meta({
    pattern: NO_AT,
    description: 'Who decides. If authentication is on, leave it out: the credentials name the caller.',
  });
