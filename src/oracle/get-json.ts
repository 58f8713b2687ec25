/** A bounded `GET` whose error names the URL. */
import type { z } from 'zod';
import { exchange, parseJson } from '../platform/outbound/exchange.js';
import type { Address } from '../platform/outbound/service-access.js';

const TIMEOUT_MS = 30_000;
/** A page has at most 500 effects of at most 100 lines. */
const LONGEST_ANSWER = 64 * 1024 * 1024;

export class BooksUnreadableError extends Error {
  override readonly name = 'BooksUnreadableError';
}

/** @throws {BooksUnreadableError} naming the URL, if there is no answer within 30 s, or none that fits the schema. */
export async function getJson<T>(at: Address, schema: z.ZodType<T>): Promise<T> {
  const url = withoutUser(at.url);
  const { status, text } = await get(at, url);
  if (status === 401 || status === 403) {
    throw new BooksUnreadableError(`${url} answered ${status}: it does not accept our credentials.`);
  }
  if (status !== 200) throw new BooksUnreadableError(`${url} answered ${status} instead of 200.`);
  const answer = schema.safeParse(parseJson(text));
  if (answer.success) return answer.data;
  const [issue] = answer.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new BooksUnreadableError(`${url} answered something else than expected (at "${where}": ${issue?.message}).`);
}

async function get({ url, access }: Address, shown: string) {
  try {
    const headers = { accept: 'application/json' };
    const bounds = { within: TIMEOUT_MS, longest: LONGEST_ANSWER };
    return await exchange({ method: 'GET', url: new URL(url), access, headers, body: undefined, ...bounds });
  } catch (error) {
    throw new BooksUnreadableError(`No answer from ${shown}; is the system running?`, { cause: error });
  }
}

/** The address for people: without user and password, because these are secrets. */
const withoutUser = (url: string): string => url.replace(/\/\/[^/]*@/, '//');
