// npm run test:api: the API's tests and its longer proofs; the same set-up as the suite's.
import suite from './jest.config.mjs';

export default {
  ...suite,
  testMatch: ['<rootDir>/test/{api,orders}/**/*.{test,proof}.ts'],
  testTimeout: 120_000,
  // The proofs measure how long an answer takes: nothing else of ours runs beside them.
  maxWorkers: 1,
};
