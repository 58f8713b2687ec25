/** Parts of queries: numbers, times, lists and pages, as they stand in an address. */
import { z } from 'zod';
import { parseTime } from '../../platform/database/times.js';

/** A number in a query; a list of numbers (`limit=1&limit=2`) is none. */
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'is a whole number')
    .transform(Number)
    .pipe(z.int().min(min, `is at least ${min}`).max(max, `is at most ${max}`))
    .meta({ type: 'integer', minimum: min, maximum: max, pattern: undefined });

/** The position of an event. */
export const position = (description: string) =>
  whole(0, 999_999_999_999_999).optional().meta({ type: 'integer', minimum: 0, description });

export const limit = whole(1, 200)
  .optional()
  .transform((value) => value ?? 50)
  .meta({ type: 'integer', minimum: 1, maximum: 200, default: 50 });

export const paging = {
  cursor: z.string().min(1).max(500).optional().meta({ description: '`next` of the page before.' }),
  limit,
};

export const next = z
  .string()
  .nullable()
  .meta({ description: 'The cursor of the next page; null after the last one.' });

/** RFC 3339 with `Z` or an offset, in the years 1 to 9999: PostgreSQL takes every time that comes out of it. */
export const instant = z
  .string()
  .transform((text, context) => {
    const time = parseTime(text);
    if (time !== undefined) return time;
    context.addIssue('is a time such as 2026-01-31T00:00:00Z, in the years 1 to 9999');
    return z.NEVER;
  })
  .meta({ type: 'string', format: 'date-time' });

export const yesNo = z.enum(['true', 'false']).transform((text) => text === 'true');

const MOST_OF_SEVERAL = 20;

/** `state=FAILED,CANCELLED`, or the parameter several times; each one counts once. At fault is the parameter. */
export const several = <Item extends string>(item: z.ZodType<Item, string>, items: object, what: string) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((given, context) => {
      const values = [...new Set([given].flat().flatMap((text) => text.split(',')))];
      const parsed = z.array(item).max(MOST_OF_SEVERAL, `are at most ${MOST_OF_SEVERAL}`).safeParse(values);
      if (parsed.success) return parsed.data;
      context.addIssue(parsed.error.issues[0]?.message ?? `are ${what}`);
      return z.NEVER;
    })
    .meta({
      type: 'array',
      items,
      minItems: 1,
      maxItems: MOST_OF_SEVERAL,
      anyOf: undefined,
      description: `Any of these ${what}: the parameter several times, or once with commas between.`,
    });
