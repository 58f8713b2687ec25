/** Each variable becomes a member of the configuration that some part of the product reads. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { variables } from '../../src/config/variables.js';

const src = path.join(import.meta.dirname, '..', '..', 'src');
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(path.join(src, file), 'utf8') }));
const configuration = sources.find(({ file }) => file === 'config/config.ts')?.text ?? '';

/** Variables that are checked and kept for an issue which is going to read them; with its number. */
const FOR_ISSUES: Readonly<Record<string, number>> = {};

/** `PAYMENT_TOKEN` may be read as `${upper}_TOKEN`, for each service alike. */
function isMentioned(name: string, text: string): boolean {
  const shared = name.replace(/^(PAYMENT|INVENTORY|SHIPPING|NOTIFICATION|REDIS)_/, '}_');
  return new RegExp(`\\b${name}\\b`).test(text) || (shared !== name && text.includes(shared));
}

/** Members of `Config` that no file beside config.ts names. */
function unreadMembers(): string[] {
  const body = /export interface Config \{([^]*?)\n\}/.exec(configuration)?.[1] ?? '';
  const members = [...body.matchAll(/^ {2}readonly (\w+):/gm)].map(([, name = '']) => name);
  expect(members.length).toBeGreaterThan(30);
  const others = sources.filter(({ file }) => file !== 'config/config.ts').map(({ text }) => text);
  return members.filter((name) => !others.some((text) => new RegExp(`\\b${name}\\b`).test(text)));
}

it('each variable is read by the configuration', () => {
  const readers = sources.filter(({ file }) => /^config\/(?!settings\/|variables)/.test(file)).map(({ text }) => text);
  const unread = Object.keys(variables).filter((name) => !readers.some((text) => isMentioned(name, text)));
  expect(unread).toEqual([]);
});

it('each member of the configuration is read by the product, or is kept for an issue that is named', () => {
  const unread = unreadMembers();
  const kept = Object.keys(FOR_ISSUES).map(
    (name) => new RegExp(`(\\w+): settings\\.${name}\\b`).exec(configuration)?.[1] ?? name,
  );
  expect(unread).toEqual(kept);
});
