/** How the comments of `src` read: the counts of words that stop a reader, and the doc comments that must be there. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { commentsOf } from './comments.js';

const root = path.join(import.meta.dirname, '..', '..');
/** Written by `npm run openapi`. */
const GENERATED = 'src/client/operations.ts';
/** The comments of `src` had this many words before they were rewritten; plainer must not mean fewer reasons. */
const WORDS_BEFORE = 36_792;
const KEPT_SHARE = 0.8;

/** At most so many of these per 1,000 words of comments. */
const LIMITS = [
  { words: ['whoever', 'whatever', 'nobody', 'somebody', 'anew', 'meanwhile', 'told'], limit: 0.3 },
  { words: ['where'], limit: 1 },
  { words: ['what'], limit: 2 },
] as const;

export interface Source {
  readonly file: string;
  readonly text: string;
}

export interface English {
  readonly words: number;
  readonly counts: readonly { readonly words: readonly string[]; readonly limit: number; readonly found: number }[];
}

/** The TypeScript sources below a folder of the repository, without the generated client. */
export function sourcesOf(folder: string): Source[] {
  return readdirSync(path.join(root, folder), { encoding: 'utf8', recursive: true })
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')))
    .filter((file) => /\.tsx?$/.test(file) && file !== GENERATED)
    .toSorted()
    .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }));
}

/** The words of a source's comments, in lower case; code in them (between backticks) is not English. */
export function wordsOf(source: string): string[] {
  const text = commentsOf(source)
    .map((comment) => comment.text)
    .join('\n')
    .replaceAll(/^\s*```[^]*?```/gm, '')
    .replaceAll(/`[^`]*`/g, ' ');
  return (text.match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu) ?? []).map((word) => word.toLowerCase().replace(/['’].*/, ''));
}

/** Counts the words of all comments, and those among them that have a limit; `found` is per 1,000 words. */
export function countEnglish(sources: readonly Source[]): English {
  const all = sources.flatMap(({ text }) => wordsOf(text));
  const counts = LIMITS.map(({ words, limit }) => {
    const hits = all.filter((word) => (words as readonly string[]).includes(word)).length;
    return { words, limit, found: (hits * 1000) / Math.max(1, all.length) };
  });
  return { words: all.length, counts };
}

/** The sentences that say which count is above its limit, and whether comments were dropped. */
export function faultsOf({ words, counts }: English): string[] {
  const tooMany = counts
    .filter(({ found, limit }) => found > limit)
    .map(
      (count) =>
        `${count.words.join(', ')}: ${count.found.toFixed(2)} per 1,000 words of comment, at most ${count.limit}`,
    );
  const least = Math.ceil(WORDS_BEFORE * KEPT_SHARE);
  return words < least ? [...tooMany, `${words} words of comment, at least ${least}`] : tooMany;
}

/** The exported functions of a source without a doc comment directly above them; of overloads the first has it. */
export function undocumentedFunctions({ file, text }: Source): string[] {
  const found = text.matchAll(
    /^export (?:(?:async )?function\*? *(\w+)|const (\w+)(?:: [^=]+)? =\s+(?:async )?(?:<[^>]*>)?(?:\(|\w+ =>|function))/gm,
  );
  const seen = new Set<string>();
  return [...found].flatMap((match) => {
    const name = match[1] ?? match[2] ?? '';
    if (seen.has(name)) return [];
    seen.add(name);
    const above = text.slice(0, match.index).trimEnd();
    const documented = above.endsWith('*/') && above.slice(above.lastIndexOf('/*')).startsWith('/**');
    return documented ? [] : [`${file}: ${name}`];
  });
}

/** The lines that `npm run verify` prints, and the faults. */
export function report(): { readonly lines: readonly string[]; readonly faults: readonly string[] } {
  const english = countEnglish(sourcesOf('src'));
  const undocumented = ['src/saga', 'src/steering', 'src/orders'].flatMap((room) =>
    sourcesOf(room).flatMap(undocumentedFunctions),
  );
  const counts = english.counts.map(
    ({ words, found, limit }) => `  ${found.toFixed(2).padStart(5)} (at most ${limit.toFixed(1)}): ${words.join(', ')}`,
  );
  return {
    lines: [`English of src: ${english.words} words of comment; per 1,000 of them`, ...counts],
    faults: [...faultsOf(english), ...undocumented.map((name) => `no doc comment: ${name}`)],
  };
}
