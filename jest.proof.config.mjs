// npm run test:saga: the long proofs of the saga, against the real services; the same set-up as the suite's.
import suite from './jest.config.mjs';

export default { ...suite, testMatch: ['<rootDir>/test/proof/**/*.proof.ts'], testTimeout: 120_000 };
