// npm run test:stores: the sinks and Kafka's commands, against the stores' own servers, which the set-up installs.
import suite from './jest.config.mjs';

export default {
  ...suite,
  testMatch: ['<rootDir>/test/stores/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: '<rootDir>/test/support/stores/global-setup.mjs',
  testTimeout: 120_000,
  // Brokers in Java: one after the other.
  maxWorkers: 1,
};
