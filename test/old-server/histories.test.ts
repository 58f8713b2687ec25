/** Every path of an order on server 1.29.1: it ends as on today's server, and its history replays (rule 36). */
import { Worker } from '@temporalio/worker';
import { PATHS } from '../recording/paths.js';
import { createDevServer } from '../support/dev-server.js';
import { workflowBundle } from '../support/temporal.js';
import { openShop, type Shop } from '../workflows/shop.js';
import { OLD_SERVER } from './old-server.js';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer, journal: {} });
});
afterAll(() => shop?.close());

it(`everything here runs on server ${OLD_SERVER}`, async () => {
  const { serverVersion } = await shop.env.connection.workflowService.getSystemInfo({});
  expect(serverVersion).toBe(OLD_SERVER);
});

describe(`a history that server ${OLD_SERVER} has written replays on today's workflows`, () => {
  it.each(Object.entries(PATHS))('on the path %s (rule 36)', async (_, walk) => {
    await shop.play(async () => {
      const sagaId = await walk(shop);
      const handle = shop.handleOf(sagaId);
      const { raw, runId } = await handle.describe();
      const first = raw.workflowExecutionInfo?.firstRunId ?? runId;
      for (const run of new Set([first, runId])) {
        const history = await shop.env.client.workflow.getHandle(sagaId, run).fetchHistory();
        await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, sagaId);
      }
    });
  });
});
