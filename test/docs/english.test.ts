/** The checks of the comments' English find what they are there for. */
import { commentsOf } from './comments.js';
import { countEnglish, faultsOf, undocumentedFunctions, wordsOf } from './english.js';

const filler = 'because the order is paid for '.repeat(8_000);

describe('the comments of a source', () => {
  it('are found with their lines, after code, in blocks and inside of templates', () => {
    const source = '// one\nconst a = 1; // two\n/**\n * three\n * four\n */\nconst b = `x ${c /* five */} y`;\n';
    expect(commentsOf(source)).toEqual([
      { line: 1, text: ' one' },
      { line: 2, text: ' two' },
      { line: 3, text: '\nthree\nfour\n ' },
      { line: 7, text: ' five ' },
    ]);
  });

  it.each([
    ['a string with two slashes', 'const a = \'http://x\'; const b = "// y";'],
    ['a string with an escaped quote', String.raw`const a = 'it\'s // x';`],
    ['a template with a template inside', 'const a = `${b ? `// ${"}"} c` : `don\'t // d`} // e`;'],
    ['a pattern with slashes and quotes', String.raw`const a = b.replace(/[/'"]\/\/ x/g, c);`],
    ['a pattern after return', 'return /\\/\\/ x/.test(y);'],
    ['a division', 'const a = (b) / c / d; const e = f[0] / g / 2;'],
    ['an object in a template', 'const a = `${JSON.stringify({ b: { c: 1 } })} // d`;'],
  ])('do not come from %s', (_, source) => {
    expect(commentsOf(source)).toEqual([]);
  });

  it('are counted without their code: backticks and examples are no English', () => {
    expect(wordsOf("/** It's `whoever` told\n * ```ts\n * what();\n * ```\n * Then. */ const where = 1;")).toEqual([
      'it',
      'told',
      'then',
    ]);
  });
});

describe('the limits of the English', () => {
  it.each(['whoever', 'Whatever', 'nobody', 'somebody', 'anew', 'meanwhile', 'told', 'where', "what's"])(
    'refuse a text with too many of "%s"',
    (word) => {
      const text = `/* ${filler}${`${word} `.repeat(150)} */`;
      expect(faultsOf(countEnglish([{ file: 'a.ts', text }]))).toHaveLength(1);
    },
  );

  it('take a text without those words', () => {
    expect(faultsOf(countEnglish([{ file: 'a.ts', text: `/* ${filler} */` }]))).toEqual([]);
  });

  it('refuse comments that were dropped instead of rewritten', () => {
    const [fault = ''] = faultsOf(countEnglish([{ file: 'a.ts', text: '/* because */' }]));
    expect(fault).toMatch(/^1 words of comment, at least \d+$/);
  });
});

it('an exported function without a doc comment is named, in each way to write one', () => {
  const text = [
    '/** Documented. */\nexport function a(): void {}',
    'export function b(): void {}',
    '// Not a doc comment.\nexport const c = (x: number): number => x;',
    '/** Documented. */\nexport const d = async (x: number): Promise<number> => x;',
    'export const e: Handler =\n  (x) => x;',
    'export const f = <T>(x: T): T => x;',
    'export const NUMBER = 1;',
    '/** Overloads are documented once. */\nexport function g(x: 1): 1;\nexport function g(x: 2): 2;',
    'function inner(): void {}',
  ].join('\n\n');
  expect(undocumentedFunctions({ file: 'a.ts', text })).toEqual(['a.ts: b', 'a.ts: c', 'a.ts: e', 'a.ts: f']);
});
