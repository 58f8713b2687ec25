// npm run test:journal: everything that shows the journal right, the long proofs included; the same set-up as the suite's.
import suite from './jest.config.mjs';

export default {
  ...suite,
  testMatch: ['<rootDir>/test/journal/**/*.{test,proof}.ts', '<rootDir>/test/cli/**/*.proof.ts'],
  testTimeout: 120_000,
};
