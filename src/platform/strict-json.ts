/**
 * The only way from bytes to a JSON value, for HTTP and for Kafka, so that both refuse the same texts. It is stricter
 * than `JSON.parse`, because two readers of the same bytes must not read two different things.
 */
import { Problem } from '../problems.js';

/** Deeper than any request of ours, and shallow enough for every function that walks the value. */
const MOST_LEVELS = 50;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

/**
 * Parses one JSON text in UTF-8 (RFC 8259).
 *
 * @throws Problem `InvalidJson` if it is empty, is not UTF-8, begins with a byte order mark, is not JSON, names a
 * member twice in one object, or is nested more than 50 levels deep. The message repeats nothing of the text.
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  if (BYTE_ORDER_MARK.every((byte, index) => bytes[index] === byte)) {
    throw invalid('begins with a byte order mark, which JSON must not have');
  }
  const text = decode(bytes);
  const value = parse(text);
  requirePlain(text);
  return value;
}

const invalid = (message: string, cause?: unknown): Problem =>
  new Problem('InvalidJson', { errors: [{ field: 'body', message }] }, { cause });

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw invalid('is not valid UTF-8', error);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid('is not valid JSON', error);
  }
}

/** A string with the colon that makes it a member's name, or a bracket of an object or list. */
const TOKEN = /("(?:[^"\\]|\\.)*")\s*(:?)|[{}[\]]/gs;

/**
 * Checks a text that is known to be JSON. Names are compared in their decoded form: `"a"` and `"\u0061"` are the
 * same.
 */
function requirePlain(text: string): void {
  const open: Set<string>[] = [];
  for (const [token, string, colon] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      if (open.push(new Set()) > MOST_LEVELS) throw invalid(`is nested more than ${MOST_LEVELS} levels deep`);
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (string !== undefined && colon === ':') {
      const name = JSON.parse(string) as string;
      const names = open.at(-1);
      if (names?.has(name)) throw invalid('names a member twice in one object');
      names?.add(name);
    }
  }
}
