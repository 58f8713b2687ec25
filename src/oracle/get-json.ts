/** A bounded `GET` that says where it failed. */
import type { z } from 'zod';

const TIMEOUT_MS = 30_000;

export class BooksUnreadableError extends Error {
  override readonly name = 'BooksUnreadableError';
}

/** @throws {BooksUnreadableError} naming the URL, if there is no answer within 30 s, or none that fits the schema. */
export async function getJson<T>(url: string, schema: z.ZodType<T>): Promise<T> {
  const { ok, status, text } = await exchange(url);
  if (!ok) throw new BooksUnreadableError(`${url} answered ${status} instead of 200.`);
  const answer = schema.safeParse(parse(text));
  if (answer.success) return answer.data;
  const [issue] = answer.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new BooksUnreadableError(`${url} answered something else than expected (at "${where}": ${issue?.message}).`);
}

async function exchange(url: string) {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { headers: { accept: 'application/json' }, signal });
    return { ok: response.status === 200, status: response.status, text: await response.text() };
  } catch (error) {
    throw new BooksUnreadableError(`No answer from ${url}; is the system running?`, { cause: error });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
