/** Every path that an order can take, on a dev server: what is stored is what the workflow says (rules 28 and 31). */
import { PATHS } from '../recording/paths.js';
import { createDevServer } from '../support/dev-server.js';
import { openShop, type Shop } from '../workflows/shop.js';
import { expectAsTheWorkflow } from './as-the-workflow.js';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer, journal: {} });
});
afterAll(() => shop?.close());

// What a reset makes of the journal is in reset.test.ts.
const paths = Object.entries(PATHS).filter(([name]) => !name.startsWith('reset-'));

describe('the stored events equal the workflow’s own state', () => {
  it.each(paths)('on the path %s (rule 31)', async (_, walk) => {
    await shop.disarm();
    const sagaId = await walk(shop);
    await expectAsTheWorkflow(shop, sagaId);
    const terminal = (await shop.journal.events(sagaId)).filter(({ type }) => type.startsWith('OrderFulfillment'));
    expect(terminal).toHaveLength(1);
  });

  it('and none of them needed a second branch', async () => {
    const branches = (await shop.journal.reader.listSagas({}, { limit: 100 })).items.map(({ branch }) => branch);
    expect(branches.length).toBeGreaterThanOrEqual(paths.length);
    expect(new Set(branches)).toEqual(new Set([0]));
  });
});
