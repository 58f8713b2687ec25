import type { z } from 'zod';
import { Problem, type FieldError } from '../problems.js';

/** More errors than this help no caller; the bound keeps the answer to a body made of mistakes small. */
const MAX_ERRORS = 20;

/**
 * The body as the schema's type.
 * @throws Problem `InvalidRequest` that names each failing field
 */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body, { reportInput: true });
  if (result.success) return result.data;
  throw invalidRequest(result.error.issues.flatMap(fieldErrors));
}

/** The query as the schema's type, with the same error. */
export const parseQuery = <T>(schema: z.ZodType<T>, query: unknown): T => parseBody(schema, { ...Object(query) });

export function invalidRequest(errors: FieldError[]): Problem {
  return new Problem('InvalidRequest', { errors: errors.slice(0, MAX_ERRORS) });
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: fieldName([...issue.path, key]), message: 'is not known here' }));
  }
  return [{ field: fieldName(issue.path), message: messageOf(issue) }];
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type') return issue.message;
  if (issue.input === undefined) return 'is required';
  return issue.expected === 'int' ? 'has to be a whole number' : `has to be of type ${issue.expected}`;
}

/** Names of fields match this pattern. Other keys of a caller may be personal, and are not repeated. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/;

/** `['items', 0, 'productId']` is `items[0].productId`; the body itself is `body`, and `?` a key that is not a name. */
function fieldName(path: readonly PropertyKey[]): string {
  const name = path.reduce<string>((parent, key) => {
    if (typeof key === 'number') return `${parent}[${key}]`;
    const shown = NAME.test(String(key)) ? String(key) : '?';
    return parent === '' ? shown : `${parent}.${shown}`;
  }, '');
  return name === '' ? 'body' : name.slice(0, 100);
}
