import type { z } from 'zod';
import { ProblemError, type FieldError } from './problem.js';

/** @throws ProblemError 400 `ValidationFailed`, which names every field that is wrong but repeats no value. */
export function validate<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap(fieldErrors).slice(0, 20);
  throw invalid(...errors);
}

export function invalid(...errors: readonly FieldError[]): ProblemError {
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return new ProblemError('ValidationFailed', detail, { errors });
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: fieldName([...issue.path, key]),
      message: 'is not a field of this request',
    }));
  }
  return [{ field: fieldName(issue.path), message: issue.message }];
}

/** Names of fields match this pattern. Other keys of a caller may be personal, and are not repeated. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/;

/** `items[0].quantity`, `body` for the whole, and `?` for a key that is no name. */
function fieldName(path: readonly PropertyKey[]): string {
  const shown = (part: PropertyKey): string => (NAME.test(String(part)) ? `.${String(part)}` : '.?');
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : shown(part))).join('');
  return name === '' ? 'body' : name.replace(/^\./, '');
}
