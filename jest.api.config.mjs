// npm run test:api: the API's tests, its longer proofs, and those of the services and the running system; the same set-up.
import suite from './jest.config.mjs';

export default {
  ...suite,
  testMatch: ['<rootDir>/test/{api,orders}/**/*.{test,proof}.ts', '<rootDir>/test/{services,journey}/*.proof.ts'],
  testTimeout: 120_000,
  // The proofs measure how long an answer takes: nothing else of ours runs beside them.
  maxWorkers: 1,
};
