// Tests are ES modules run through swc; the servers they need are started once, by test/support/shared-servers.ts.
export default {
  testEnvironment: 'node',
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
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Suites of their own, as they install things or need a browser: npm run test:pack, test:stores, test:desk.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/(pack|stores|desk)/'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testTimeout: 60_000,
  // Many tests wait, for time-outs and processes: one more than the cores of a small machine keeps those busy.
  maxWorkers: 3,
};
