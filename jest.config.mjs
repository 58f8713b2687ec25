// Tests are ES modules run through swc. Which of them run, and how, is in the table of suites: scripts/test.mjs names the suite.
import { SUITES, testMatch } from './test/suites.mjs';

const name = process.env.UNWIND_SUITE ?? 'quick';
const { timeout, workers, setUp } = SUITES[name];

export default {
  testEnvironment: '<rootDir>/test/support/leak-environment.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // What is drawn comes from UNWIND_SEED.
    '^fast-check$': '<rootDir>/test/support/fast-check.ts',
  },
  testMatch: testMatch(name),
  testTimeout: timeout,
  maxWorkers: workers,
  ...(setUp && {
    globalSetup: `<rootDir>/${setUp}`,
    globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  }),
};
