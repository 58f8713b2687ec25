/** fast-check as each test gets it: jest.config.mjs maps its name to this file, so that no test can draw otherwise. */
import * as fc from '../../node_modules/fast-check/lib/fast-check.js';
import { drawnFrom } from './drawn.js';

fc.configureGlobal(drawnFrom(process.env));

export * from '../../node_modules/fast-check/lib/fast-check.js';
