/** What the documents show is the real code, what they name exists, and the examples in doc comments compile. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const documents = [
  ...readdirSync(path.join(root, 'docs')).flatMap((file) => (file.endsWith('.md') ? [`docs/${file}`] : [])),
  'examples/trip-booking/README.md',
  'examples/card-adapter/README.md',
];

/** The fenced blocks of a text whose first line is as given; their indentation aside. */
function fenced(text: string, fence: RegExp): { heading: string; code: string }[] {
  return [...text.matchAll(/^```(.*)\n([^]*?)^```$/gm)]
    .filter(([, heading = '']) => fence.test(heading))
    .map(([, heading = '', code = '']) => ({ heading, code }));
}

const unindented = (code: string): string =>
  code
    .split('\n')
    .map((line) => line.trim())
    .join('\n');

const quotes = documents.flatMap((document) =>
  fenced(read(document), /^ts \S+$/).map(({ heading, code }) => ({ document, file: heading.slice(3), code })),
);

describe('a snippet in a document', () => {
  it('is there at all', () => {
    expect(quotes.length).toBeGreaterThanOrEqual(4);
  });

  it.each(quotes)('of $document is what $file says', ({ file, code }) => {
    expect(unindented(read(file))).toContain(unindented(code));
  });
});

/** Decisions, too: a path that moved is mended there as well. */
const withPaths = [
  ...documents,
  ...readdirSync(path.join(root, 'docs', 'decisions'))
    .map((file) => `docs/decisions/${file}`)
    // Code of a decision that is superseded as a whole is gone.
    .filter((file) => !/^_Superseded by /m.test(read(file))),
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'src/saga/README.md',
  'bench/results/README.md',
];

it.each(withPaths)('each file that %s names or links exists', (document) => {
  const text = read(document);
  const named = [...text.matchAll(/`((?:src|test|examples|docs|scripts)\/[\w./-]+)`/g)]
    .map(([, file = '']) => file)
    // In recipes, `VERB-NOUN.ts` stands for the reader's own file.
    .filter((file) => !/\/[A-Z-]+(?:\.\w+)*\.ts$/.test(file));
  const linked = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, file = '']) =>
    path.join(path.dirname(document), file),
  );
  expect([...named, ...linked].filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
});

/** What the examples take for granted: activities of the reader's own. */
const PRELUDE = `import { compensatable, defineSaga, pivot, retriable, type Call, type Pivot, type Undone } from 'unwind/saga';
import { createParticipant, failAtEachStep } from 'unwind/saga/testing';
export { compensatable, createParticipant, defineSaga, failAtEachStep, pivot, retriable };
interface Order { readonly orderId: string }
export declare const payment: {
  processPayment: Call<Order, { readonly paymentId: string }>['activity'];
  refundPayment: Call<Order, Undone>['activity'];
};
export interface Trip { readonly tripId: string }
export declare const bookHotel: Pivot<Trip, void>;
export declare const issueTickets: Pivot<Trip, void>;
export declare const HOUR: number;
`;

it('the examples in the doc comments of src/saga compile', () => {
  const files = readdirSync(path.join(root, 'src', 'saga'), { encoding: 'utf8', recursive: true });
  const examples = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => fenced(read(`src/saga/${file}`).replaceAll(/^ \* ?/gm, ''), /^ts$/));
  expect(examples).not.toEqual([]);
  // In the repository, so that `unwind/saga` and the SDK are found as anywhere in it.
  const folder = mkdtempSync(path.join(root, '.examples-'));
  try {
    examples.forEach(({ code }, index) => {
      const exported = code.replaceAll(/^(const|function|async)/gm, 'export $1');
      writeFileSync(path.join(folder, `example-${index}.ts`), PRELUDE + exported);
    });
    writeFileSync(path.join(folder, 'tsconfig.json'), '{ "extends": "../tsconfig.json", "include": ["./*.ts"] }');
    const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
