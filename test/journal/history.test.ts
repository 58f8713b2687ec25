/** What the journal adds to a workflow's history. */
import proto from '@temporalio/proto';
import { createDevServer } from '../support/dev-server.js';
import { openShop, type Shop } from '../workflows/shop.js';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer, journal: {} });
});
afterAll(() => shop?.close());

const { EventType } = proto.temporal.api.enums.v1;
const { History } = proto.temporal.api.history.v1;

async function happy(journal: boolean) {
  const sagaId = await shop.place({}, { journal });
  await shop.handleOf(sagaId).result();
  const history = await shop.handleOf(sagaId).fetchHistory();
  const types = (history.events ?? []).map(({ eventType }) => EventType[eventType ?? 0] ?? '');
  return {
    types: types.filter((type) => !type.includes('WORKFLOW_TASK')),
    bytes: History.encode(history).finish().length,
  };
}

it('a happy order has no activity, marker or event more than four steps and the one closing upsert', async () => {
  const { types } = await happy(true);
  expect(types.filter((type) => !type.includes('ACTIVITY_TASK'))).toEqual([
    'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
    'EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES',
    'EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED',
  ]);
  const scheduled = types.filter((type) => type === 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED');
  expect([scheduled.length, types.length]).toEqual([4, 4 * 3 + 3]);
  expect((await happy(false)).types).toEqual(types);
});

it('its history is at most half larger than without a journal', async () => {
  await happy(true);
  const [withIt, without] = [await happy(true), await happy(false)];
  process.stdout.write(
    `bytes of a happy order's history: ${withIt.bytes} with, ${without.bytes} without the journal\n`,
  );
  expect(withIt.bytes / without.bytes).toBeLessThanOrEqual(1.5);
});
