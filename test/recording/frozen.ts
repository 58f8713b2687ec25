/**
 * The committed histories are frozen: each file's SHA-256 stands in `hashes.txt`, and a test compares them. Orders that
 * run today have such histories, and every later release has to replay them.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const HASHES = 'hashes.txt';

export const RULE =
  'a committed history never changes: new paths add files (npm run histories:record), changes of workflow code go through patched()';

const isHistory = (file: string): boolean => file.endsWith('.json');

export const historiesIn = (folder: string): string[] => readdirSync(folder).filter(isHistory).toSorted();

/** As `sha256sum` writes it, and can check it. */
const lineOf = (folder: string, file: string): string =>
  `${createHash('sha256')
    .update(readFileSync(path.join(folder, file)))
    .digest('hex')}  ${file}`;

const frozenIn = (folder: string): string[] =>
  existsSync(path.join(folder, HASHES)) ? readFileSync(path.join(folder, HASHES), 'utf8').trim().split('\n') : [];

/** Freezes the folder as it is. */
export function freeze(folder: string): void {
  const lines = historiesIn(folder).map((file) => lineOf(folder, file));
  writeFileSync(path.join(folder, HASHES), `${lines.join('\n')}\n`);
}

/** A sentence for each history that is not as it was frozen. */
export function thawedIn(folder: string): string[] {
  const present = historiesIn(folder);
  const frozen = new Map(frozenIn(folder).map((line) => [line.slice(66), line]));
  const changed = [...frozen].flatMap(([file, line]) => {
    if (!present.includes(file)) return [`${file} is gone: ${RULE}`];
    return lineOf(folder, file) === line ? [] : [`${file} has changed: ${RULE}`];
  });
  const unknown = present.filter((file) => !frozen.has(file));
  return [...changed, ...unknown.map((file) => `${file} is not frozen: npm run histories:record freezes what it adds`)];
}

export interface Recording {
  readonly path: string;
  /** The file's name without `.json`, or what it begins with if the order has several runs. */
  readonly as: string;
}

export interface Wanted {
  /** The paths; all if there are none. */
  readonly names: readonly string[];
  /** Beside the frozen file of each path: `completed.LABEL.json`. For what a patch has changed. */
  readonly label?: string | undefined;
  /** Replaces frozen files. Before the first release only. */
  readonly anew?: boolean | undefined;
}

/**
 * What is to be recorded. Without names and without a label those paths that have no history.
 *
 * @throws Error if a path is not known, or if its history is frozen
 */
export function recordingsOf({ names, label, anew }: Wanted, known: readonly string[], folder: string): Recording[] {
  const taken = new Set(historiesIn(folder).map((file) => file.split('.')[0]));
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`There is no path ${unknown}; there are ${known.join(', ')}`);
  if (label !== undefined) return labelled(names, label, folder);
  if (anew) return (names.length > 0 ? names : known).map((name) => ({ path: name, as: name }));
  const frozen = names.find((name) => taken.has(name));
  if (frozen !== undefined)
    throw new Error(`${frozen} has a history, and ${RULE}. --as LABEL records it once more, beside the frozen file`);
  const wanted = names.length > 0 ? names : known.filter((name) => !taken.has(name));
  return wanted.map((name) => ({ path: name, as: name }));
}

function labelled(names: readonly string[], label: string, folder: string): Recording[] {
  if (!/^[a-z][a-z0-9-]*$/.test(label)) throw new Error(`${label} is no label: small letters, digits and hyphens`);
  if (names.length === 0) throw new Error('--as LABEL needs the names of paths');
  const there = historiesIn(folder).find((file) => names.some((name) => file.startsWith(`${name}.${label}.`)));
  if (there !== undefined) throw new Error(`${there} is there already, and ${RULE}`);
  return names.map((name) => ({ path: name, as: `${name}.${label}` }));
}
