/** docs/participants.md says of the kit's rules what the kit itself says, and names each option of its command. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { command } from '../../src/cli/conformance.js';
import { CHECKS } from '../../src/conformance/checks.js';

const text = readFileSync(path.join(import.meta.dirname, '..', '..', 'docs', 'participants.md'), 'utf8');

it("the table of docs/participants.md is the kit's list of rules, in its order and words", () => {
  const rows = [...text.matchAll(/^\| +(\d+) +\| `([\w-]+)` +\| (.+?) +\| .+ \|$/gm)];
  expect(rows.map(([, rule, name, sentence]) => [Number(rule), name, sentence])).toEqual(
    CHECKS.map(({ rule, name, sentence }) => [rule, name, sentence]),
  );
});

it('docs/participants.md names each option of `unwind conformance`, and no other', () => {
  const named = (source: string): string[] => [...new Set(source.match(/--[a-z][a-z-]+/g))].toSorted();
  const documented = named(text).filter((option) => option !== '--no');
  expect(documented).toEqual(named(command.usage).filter((option) => option !== '--json'));
});
