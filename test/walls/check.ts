/** Finds the imports of a source, and says which of them the rooms do not allow. */
import path from 'node:path';
import { parseSync } from '@swc/core';
import { BESIDE, ROOMS, type Room } from './rooms.js';

export interface Import {
  readonly file: string;
  /** As it is written: `../order.js`, `node:fs`, `@temporalio/client`. */
  readonly specifier: string;
  readonly typesOnly: boolean;
}

interface Node {
  readonly type?: string;
  readonly [member: string]: unknown;
}

/** Static and dynamic imports, `require`, exports from another file, and types that are named as `import('…')`. */
export function importsOf(file: string, text: string): Import[] {
  const typescript = /\.[mc]?tsx?$/.test(file);
  const options = typescript ? { syntax: 'typescript', tsx: file.endsWith('x') } : { syntax: 'ecmascript', jsx: true };
  const found: Import[] = [];
  const add = (source: unknown, typesOnly: boolean): void => {
    const { value } = Object(source) as { value?: unknown };
    // A computed import has no literal: it loads the file that a command line names.
    if (typeof value === 'string') found.push({ file, specifier: value, typesOnly });
  };
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, source, specifiers, typeOnly, argument, callee, arguments: given } = node as Node;
    if (type === 'ImportDeclaration' || type === 'ExportNamedDeclaration' || type === 'ExportAllDeclaration') {
      const named = Array.isArray(specifiers) ? (specifiers as { isTypeOnly?: boolean }[]) : [];
      const allTypes = named.length > 0 && named.every(({ isTypeOnly }) => isTypeOnly === true);
      add(source, typeOnly === true || allTypes);
    }
    if (type === 'TsImportType') add(argument, true);
    const { type: called, value: name } = Object(callee) as Node;
    if (type === 'CallExpression' && (called === 'Import' || name === 'require')) {
      add((given as { expression: unknown }[])[0]?.expression, false);
    }
    for (const member of Object.values(node)) visit(member);
  };
  visit(parseSync(text, options as Parameters<typeof parseSync>[1]).body);
  return found;
}

/** The file of ours that is meant; undefined for a package, also one that is addressed by its folder. */
export const targetOf = ({ file, specifier }: Pick<Import, 'file' | 'specifier'>): string | undefined =>
  specifier.startsWith('.') && !specifier.includes('node_modules/')
    ? path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, '.ts')
    : undefined;

/** The room of a file: the one whose path is the longest that fits. */
export const roomOf = (file: string): Room | undefined =>
  [...ROOMS, ...BESIDE]
    .filter((room) => file.startsWith(room.path))
    .toSorted((one, other) => other.path.length - one.path.length)[0];

const packageOf = (address: string): string => {
  const specifier = address.replace(/^.*node_modules\//, '');
  return specifier.startsWith('node:') ? 'node:*' : specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
};

/** A sentence if the import is not allowed. */
export function forbidden(found: Import): string | undefined {
  const { file, specifier, typesOnly } = found;
  const room = roomOf(file);
  if (!room) return `${file} stands in no room that test/walls/rooms.ts knows`;
  const target = targetOf(found);
  const what = `${file} imports ${typesOnly ? 'types of ' : ''}${specifier}, which`;
  if (target === undefined) {
    const { packages, packageTypes = [] } = room;
    const name = packageOf(specifier);
    const allowed = packages.includes('*') || packages.includes(name) || (typesOnly && packageTypes.includes(name));
    return allowed ? undefined : `${what} ${room.name} may not`;
  }
  const other = roomOf(target);
  if (!other) return `${what} stands in no room that test/walls/rooms.ts knows`;
  if (other === room || room.imports.includes(other.name)) return undefined;
  return typesOnly && room.types?.includes(other.name)
    ? undefined
    : `${what} ${room.name} may not: it is ${other.name}`;
}

/** Files that import one another in a circle, types included; each circle once. */
export function cyclesIn(arrows: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) cycles.push(trail.slice(start));
    if (start >= 0 || done.has(file)) return;
    for (const target of arrows.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of arrows.keys()) visit(file, []);
  return cycles;
}
