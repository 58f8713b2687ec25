// npm run test:old-server: an order's journey, the matrix of faults and the replay of what is recorded there, on server 1.29.1.
import suite from './jest.config.mjs';

export default {
  ...suite,
  testMatch: ['<rootDir>/test/old-server/*.proof.ts', '<rootDir>/test/journey/journey.test.ts'],
  testTimeout: 120_000,
};
