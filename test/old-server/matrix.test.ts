/** The matrix on a real Temporal server, whose time passes as on the clock: budgets are seconds instead of days. */
import { setTimeout as pause } from 'node:timers/promises';
import { createDevServer } from '../support/dev-server.js';
import { describeMatrix } from '../proof/matrix.js';

const SECOND = 1000;

describeMatrix('Every step × every fault on Temporal server 1.29.1', 1, {
  // What is to last for hours or days lasts for as long as several attempts take.
  openServer: async () => ({ ...(await createDevServer()), skip: () => pause(2 * SECOND) }),
  policy: {
    attemptTimeout: 2 * SECOND,
    stepTimeout: 5 * SECOND,
    retriableBudget: 5 * SECOND,
    compensationBudget: 60 * SECOND,
  },
});
