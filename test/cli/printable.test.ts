/** What `unwind` prints of others' data cannot steer the operator's terminal. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { printable } from '../../src/cli/printable.js';

const root = path.join(import.meta.dirname, '..', '..');

it.each([
  ['an escape sequence', 'order-\u001b[2J1', String.raw`order-\u001b[2J1`],
  ['a C1 control', 'a\u009b31mb', String.raw`a\u009b31mb`],
  ['a carriage return, a bell and a DEL', 'a\rb\u0007c\u007f', String.raw`a\u000db\u0007c\u007f`],
  ['a mark that turns the direction', 'a\u202eb', String.raw`a\u202eb`],
  ['a mark without width', 'a\u200bb\ufeff', String.raw`a\u200bb\ufeff`],
  ['half of a surrogate pair', 'a\ud800b', String.raw`a\ud800b`],
  ['a line separator', 'a\u2028b', String.raw`a\u2028b`],
  ['a tag beyond the first plane', 'a\u{e0041}b', String.raw`a\udb40\udc41b`],
])('%s is printed as its code, and never raw', (_what, text, printed) => {
  expect(printable(text)).toBe(printed);
});

it('letters of any script, line feeds, tabs and backslashes are printed as they are', () => {
  const text = 'Größe 注文 заказ 🚚\n\tC:\\temp';
  expect(printable(text)).toBe(text);
});

it('JSON whose characters are escaped is the same value', () => {
  const value = { reason: 'a\u009b\u007f\u202e\u{e0041}\u001b"\\b' };
  expect(JSON.parse(printable(JSON.stringify(value, undefined, 2)))).toEqual(value);
});

it('a refusal of `unwind` prints what was typed without its control characters', () => {
  const command = [path.join(root, 'dist', 'cli', 'unwind.js'), 'order-\u001b[2J'];
  const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toContain(String.raw`there is no command "order-\u001b[2J".`);
  expect(stderr).not.toContain('\u001b');
});
