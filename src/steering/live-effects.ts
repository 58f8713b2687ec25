/** The live effects of one saga at the services, read within the time that a person waits. */
import type { Effect } from '../oracle/books.js';
import { BooksUnreadableError } from '../oracle/get-json.js';
import { readEffectsOf, type ServiceUrls } from '../oracle/read-books.js';
import { withTimeLimit } from '../platform/time-limit.js';

const WITHIN_MS = 3_000;

/** Undefined if the services are not known, or if one of them does not answer in time or not in a form that can be read. */
export async function liveEffectsOf(
  books: ServiceUrls | undefined,
  sagaId: string,
): Promise<readonly Effect[] | undefined> {
  if (!books) return undefined;
  try {
    return await withTimeLimit(readEffectsOf(books, sagaId), { ms: WITHIN_MS });
  } catch (error) {
    if (error instanceof BooksUnreadableError) return undefined;
    if (error instanceof Error && error.message.startsWith('no answer within')) return undefined;
    throw error;
  }
}
