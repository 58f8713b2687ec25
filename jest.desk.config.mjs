// npm run test:desk: what people see in a browser, against the whole system as `npm start` runs it.
import suite from './jest.config.mjs';

export default {
  ...suite,
  testMatch: ['<rootDir>/test/desk/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // `npm start` brings its own PostgreSQL and Temporal.
  globalSetup: null,
  globalTeardown: null,
  testTimeout: 60_000,
  // One system and one browser at a time.
  maxWorkers: 1,
};
