/** Keyset pages: the cursor says after which id the next page begins. */
import { z } from 'zod';

export interface PageRequest {
  /** The id after which the page begins; empty for the first page. */
  readonly after: string;
  readonly limit: number;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

const MAX_ID = 100;

export const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,550}$/, 'is not a cursor of this collection')
  .transform((text) => Buffer.from(text, 'base64url').toString('utf8'))
  .refine(
    (id) => id.length > 0 && id.length <= MAX_ID && !/[\p{Cc}\uFFFD]/u.test(id),
    'is not a cursor of this collection',
  );

export const limit = z
  .string()
  .regex(/^[1-9]\d{0,2}$/, 'must be a whole number from 1 to 500')
  .transform(Number)
  .refine((value) => value <= 500, 'must be a whole number from 1 to 500');

export const pageQuery = { cursor: cursor.optional(), limit: limit.optional() };

export function pageRequest(query: { cursor?: string | undefined; limit?: number | undefined }): PageRequest {
  return { after: query.cursor ?? '', limit: query.limit ?? 100 };
}

/** `rows` were read with one more than `limit`: if the surplus row is there, a next page exists. */
export function pageOf<Item>(rows: readonly Item[], limit: number, idOf: (item: Item) => string): Page<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? Buffer.from(idOf(last)).toString('base64url') : null;
  return { items, nextCursor };
}
