/** Request bodies. */
import type { Body } from './options.js';

/** Replaces `{id}` in every text of the value. */
function withId(value: unknown, id: string): unknown {
  if (typeof value === 'string') return value.replaceAll('{id}', id);
  if (Array.isArray(value)) return value.map((each) => withId(each, id));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withId(each, id)]));
}

export const textOf = (body: Body, id: string): string => JSON.stringify(withId(body, id));

/** The same content in other bytes: white space, and the members of each object in reverse. */
export const inOtherBytes = (body: Body, id: string): string =>
  `\n${JSON.stringify(reversed(withId(body, id)), undefined, 2)}\n`;

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, each]) => [key, reversed(each)]);
  return Object.fromEntries(members.toReversed());
}
