import { createCatalogue } from '../../src/orders/catalogue.js';
import { runInventory, type Inventory } from '../api/inventory.js';

const ORIGIN = { correlationId: 'c', traceparent: 't' };

let inventory: Inventory;

beforeEach(async () => {
  inventory = await runInventory();
});

afterEach(() => inventory.close());

const askedFor = (): string[] => inventory.asked.map(({ productId }) => productId);

describe('the catalogue', () => {
  it('tells the unknown products, and passes the correlation id on', async () => {
    const catalogue = createCatalogue({ inventory: inventory.url });
    expect(await catalogue.unknownOf(['123', 'nosuch', '456'], { ...ORIGIN, correlationId: 'corr-1' })).toEqual(
      new Set(['nosuch']),
    );
    expect(inventory.asked.map(({ correlationId }) => correlationId)).toEqual(['corr-1', 'corr-1', 'corr-1']);
  });

  it('asks again after a minute, and each time for a product that was unknown', async () => {
    let time = 0;
    const catalogue = createCatalogue({ inventory: inventory.url, now: () => time });
    await catalogue.unknownOf(['123', 'nosuch'], ORIGIN);
    time = 59_999;
    await catalogue.unknownOf(['123', 'nosuch'], ORIGIN);
    expect(askedFor().sort()).toEqual(['123', 'nosuch', 'nosuch']);
    time = 60_000;
    await catalogue.unknownOf(['123'], ORIGIN);
    expect(askedFor().filter((productId) => productId === '123')).toHaveLength(2);
  });

  it.each(['broken', 'garbage', 'silent'] as const)('takes nothing for unknown while inventory is %s', async (mode) => {
    inventory.mode = mode;
    const catalogue = createCatalogue({ inventory: inventory.url, patienceMs: 100 });
    expect(await catalogue.unknownOf(['123', 'nosuch'], ORIGIN)).toEqual(new Set());
  });

  it('takes no product for unknown while the service is down', async () => {
    await inventory.close();
    const catalogue = createCatalogue({ inventory: inventory.url });
    expect(await catalogue.unknownOf(['nosuch'], ORIGIN)).toEqual(new Set());
  });
});
