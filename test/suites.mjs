// The table of suites: which test files run together, on what, and how. Each test file belongs to exactly one suite; those
// that no other suite names belong to `quick`, which is `npm test`. jest.config.mjs and scripts/test.mjs read the table, and
// test/docs/suites.test.ts compares it with the files.
import path from 'node:path';

const SECOND = 1_000;

/** Tests of one folder, by their names without `.test.ts`. */
const tests = (folder, ...names) => names.map((name) => `test/${folder}/${name}.test.ts`);
const everythingIn = (folder) => [`test/${folder}/**/*.test.ts`];

/** PostgreSQL, and Temporal's two servers as programs. */
const SHARED_SERVERS = 'test/support/global-setup.mjs';

/**
 * files: globs from the project's folder. again: files of other suites that run here too, on other servers. timeout: of
 * one test, in milliseconds. workers: files at a time. setUp: what is started for all files. built: they run dist/.
 */
export const SUITES = {
  // Many tests wait, for time-outs and processes: one worker more than the cores of a small machine keeps those busy.
  quick: { timeout: 60 * SECOND, workers: 3, setUp: SHARED_SERVERS, built: true },
  // What runs whole processes, stops and kills them, or needs a real Temporal server: it waits more than it works.
  system: {
    files: [
      ...tests('api', 'away', 'steering'),
      ...tests('cli', 'forget-orders', 'journal', 'unwind'),
      // Every step × every fault of the example.
      ...tests('examples', 'trip-steps'),
      ...tests('journey', 'healthy', 'readme'),
      ...tests('main', 'forgetting-lost', 'reported-problems', 'start'),
      ...tests('orders', 'backlog'),
      ...tests('relay', 'lease'),
      ...tests('saga', 'decisions', 'dev-server', 'pause', 'suggestion'),
      ...tests('saga/journal', 'carry'),
      ...tests('services', 'outage'),
      ...tests('worker', 'health', 'order-workers', 'pollers'),
      ...tests('workflows', 'full-slots', 'identity'),
      ...tests('workflows/interceptors', 'origin'),
    ],
    timeout: 60 * SECOND,
    workers: 3,
    setUp: SHARED_SERVERS,
    built: true,
  },
  saga: { files: everythingIn('proof'), timeout: 120 * SECOND, workers: 3, setUp: SHARED_SERVERS },
  journal: {
    files: [
      ...tests('journal', 'arrivals', 'dead-letters', 'history', 'outage', 'paths', 'phantom', 'rebuild', 'relay-lag'),
      ...tests('journal', 'reset', 'verdicts'),
      ...tests('cli', 'dead-letters'),
    ],
    timeout: 120 * SECOND,
    workers: 3,
    setUp: SHARED_SERVERS,
    built: true,
  },
  api: {
    files: [
      ...tests('api', 'authorization', 'full-disk', 'fuzz', 'other-sagas', 'sql-boundary', 'taken-ids'),
      ...tests('journey', 'killed', 'migration-lock'),
      ...tests('services', 'boundary'),
    ],
    timeout: 120 * SECOND,
    workers: 3,
    setUp: SHARED_SERVERS,
    built: true,
  },
  // They measure how long an answer takes: no other test runs beside them.
  load: {
    files: tests('api', 'back-pressure', 'keep-alive', 'killed', 'many-streams'),
    timeout: 120 * SECOND,
    workers: 1,
    setUp: SHARED_SERVERS,
    built: true,
  },
  conformance: {
    files: everythingIn('conformance'),
    timeout: 60 * SECOND,
    workers: 3,
    setUp: SHARED_SERVERS,
    built: true,
  },
  // Kafka and MongoDB's stand-in are servers in Java: one after the other.
  stores: {
    files: everythingIn('stores'),
    timeout: 120 * SECOND,
    workers: 1,
    setUp: 'test/support/stores/global-setup.mjs',
    built: true,
  },
  pack: { files: everythingIn('pack'), timeout: 60 * SECOND, workers: 3, setUp: SHARED_SERVERS, built: true },
  // One system and one browser at a time; the tests of `npm start` bring their own PostgreSQL and Temporal.
  desk: { files: everythingIn('desk'), timeout: 60 * SECOND, workers: 1, setUp: SHARED_SERVERS, built: true },
  'old-server': {
    files: everythingIn('old-server'),
    again: tests('journey', 'journey'),
    timeout: 120 * SECOND,
    workers: 3,
    setUp: SHARED_SERVERS,
    built: true,
  },
};

/** Whether a glob of the table, a file or a whole folder, names this file. */
export function names(glob, file) {
  const [folder, all] = glob.split('/**/');
  return all === undefined ? file === glob : file.startsWith(`${folder}/`) && file.endsWith('.test.ts');
}

/** The suite that a test file belongs to, by its path from the project's folder. */
export const suiteOf = (file) =>
  Object.keys(SUITES).find((name) => SUITES[name].files?.some((glob) => names(glob, file))) ?? 'quick';

/** Absolute globs as jest's `testMatch` takes them: it would not replace `<rootDir>` behind a `!`. */
export function testMatch(name) {
  const root = path.join(import.meta.dirname, '..');
  const { files = ['test/**/*.test.ts'], again = [] } = SUITES[name];
  const others = name === 'quick' ? Object.values(SUITES).flatMap((suite) => suite.files ?? []) : [];
  return [...[...files, ...again].map((glob) => path.join(root, glob)), ...others.map((glob) => `!${root}/${glob}`)];
}
