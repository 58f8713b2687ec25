/**
 * Reads a body as JSON, and refuses texts that two readers could read in two ways: the effect under a fingerprint is
 * then the effect that was requested. Stricter than `JSON.parse`.
 */

/** Deeper than any request to a service, and shallow enough for every function that walks the value. */
const DEEPEST = 50;

export type Read = { readonly value: unknown } | { readonly refused: string };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The value, or a sentence that says why there is none. The sentence repeats nothing of the body. */
export function readJson(bytes: Uint8Array): Read {
  let text: string;
  let value: unknown;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { refused: 'The body is not valid UTF-8.' };
  }
  if (text.startsWith('\ufeff'))
    return { refused: 'The body begins with a byte order mark, which JSON does not have.' };
  try {
    value = JSON.parse(text);
  } catch {
    return { refused: 'The body is not JSON.' };
  }
  if (typeof value !== 'object' || value === null) return { refused: 'The body must be one JSON object.' };
  const refused = ambiguityOf(text);
  return refused === undefined ? { value } : { refused };
}

/** Strings, with the colon after those that are names, and brackets. */
const PIECE = /("(?:\\.|[^"\\])*")(\s*:)?|[[\]{}]/g;

/** Finds the parts of a valid JSON text that two readers could read in two ways, or that could exhaust them. */
function ambiguityOf(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [piece, quoted, isName] of text.matchAll(PIECE)) {
    if (quoted !== undefined && isName !== undefined) {
      const name = JSON.parse(quoted) as string;
      const names = open.at(-1);
      if (names?.has(name)) return 'The body names a field twice in one object.';
      names?.add(name);
    } else if (piece === '{' || piece === '[') {
      if (open.length === DEEPEST) return `The body is nested more than ${DEEPEST} levels deep.`;
      open.push(new Set());
    } else if (piece === '}' || piece === ']') {
      open.pop();
    }
  }
  return undefined;
}
