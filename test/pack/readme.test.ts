/** A stranger with the package and its README: every file and command of it, as they stand there, in an empty folder. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { environmentOf } from '../support/environment.js';
import { emptyFolder, manifest, packInto, root, runIn } from './package.js';

const PATIENCE = 600_000;
const readme = readFileSync(path.join(root, 'src', 'saga', 'README.md'), 'utf8');

interface Block {
  readonly language: string;
  /** The file that the block is to be saved as; empty for commands. */
  readonly file: string;
  readonly text: string;
}

const blocks: readonly Block[] = [...readme.matchAll(/^```(\w+) ?(\S*)\n([^]*?)^```$/gm)].map(
  ([, language = '', file = '', text = '']) => ({ language, file, text }),
);

let folder: string;
let project: string;

/** The walk as one shell script: commands as printed, files written where the walk has come to. */
const walk = (): string => blocks.map(({ file, text }) => (file === '' ? text : writing(file, text))).join('\n');

const writing = (file: string, text: string): string =>
  `mkdir -p "$(dirname '${file}')"\ncat > '${file}' <<'END-OF-BLOCK'\n${text}END-OF-BLOCK\n`;

/**
 * The SDK keeps the time-skipping server that it has downloaded in the folder for temporary files: there is ours, so that
 * the walk needs no internet.
 */
function withServer(): NodeJS.ProcessEnv {
  const { devDependencies, dependencies } = manifest;
  const temporary = path.join(folder, 'tmp');
  mkdirSync(temporary);
  const runner = environmentOf('TEST_TEMPORAL_TEST_SERVER');
  const cache = path.dirname(runner);
  const program = readdirSync(cache).find((name) => name.startsWith('temporal-test-server')) ?? path.basename(runner);
  const sdk = { ...devDependencies, ...dependencies }['@temporalio/testing'];
  symlinkSync(path.join(cache, program), path.join(temporary, `temporal-test-server-sdk-typescript-${sdk}`));
  return { TMPDIR: temporary };
}

let temporary: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = emptyFolder();
  project = path.join(folder, 'tickets');
  temporary = withServer();
  await packInto(folder);
}, PATIENCE);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Compiles and tests the stranger's project once more; the output of a test that has failed, or undefined. */
async function failureOf(): Promise<string | undefined> {
  await runIn(project, process.execPath, ['node_modules/typescript/bin/tsc']);
  const test = runIn(project, process.execPath, ['--test', 'dist/sell-ticket.test.js'], temporary);
  return await test.then(
    () => undefined,
    (error: { stdout: string }) => error.stdout,
  );
}

/** Makes a mistake in the stranger's saga, tests it, and takes it back. */
async function withMistake(right: string, wrong: string): Promise<string | undefined> {
  const file = path.join(project, 'src', 'sell-ticket.ts');
  const source = readFileSync(file, 'utf8');
  expect(source).toContain(right);
  writeFileSync(`${file}.new`, source.replace(right, wrong));
  renameSync(`${file}.new`, file);
  const failure = await failureOf();
  writeFileSync(file, source);
  return failure;
}

describe("the package's README", () => {
  it('has files and commands only, and the versions that the repository has', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(6);
    for (const { language, file } of blocks) expect(language === 'bash' ? file === '' : file !== '').toBe(true);
    const named = [...readme.matchAll(/(@?[\w/-]+)@(\d[\w.]*)/g)].map(([, name = '', version]) => [name, version]);
    expect(named.length).toBeGreaterThanOrEqual(8);
    const known = { ...manifest.dependencies, ...manifest.devDependencies };
    expect(named).toEqual(named.map(([name = '']) => [name, known[name]]));
  });

  it(
    'brings a stranger to a saga whose test passes, block by block',
    async () => {
      const output = await runIn(folder, 'bash', ['-euo', 'pipefail', '-c', walk()], temporary);
      expect(output).toMatch(/^# pass 1$|^ℹ pass 1$/m);
      expect(output).toMatch(/^# fail 0$|^ℹ fail 0$/m);
      // The table of its thirteen runs.
      expect(output.match(/'(COMPLETED|FAILED)'/g)).toHaveLength(13);
    },
    PATIENCE,
  );

  it(
    'does not promise too much: the test fails for each mistake that it names, and for a wrong compensation (rule 35)',
    async () => {
      expect(await failureOf()).toBeUndefined();
      const unlisted = await withMistake("refusals: ['CardDeclined']", 'refusals: []');
      expect(unlisted).toContain('charge_card, refused: the reason is');
      const crossed = await withMistake('activity: call.releaseSeat', 'activity: call.refundCard');
      expect(crossed).toContain('charge_card, refused: the effect of hold_seat is still there');
      const order = `    await saga.run(steps.chargeCard, sale);\n    await saga.last(steps.sendTicket, sale);\n`;
      const early = `    await saga.run(steps.sendTicket, sale);\n    await saga.run(steps.chargeCard, sale);\n`;
      expect(await withMistake(order, early)).toContain('charge_card cannot follow what cannot be undone');
    },
    PATIENCE,
  );
});
