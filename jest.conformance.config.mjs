// npm run test:conformance: the kit for participants against the four services, the example's adapter and planted bugs.
import suite from './jest.config.mjs';

export default { ...suite, testMatch: ['<rootDir>/test/conformance/**/*.{test,proof}.ts'] };
