import { z } from 'zod';
import { openInventory } from '../../src/services/inventory/service.js';
import { openPayment } from '../../src/services/payment/service.js';
import { run, type RunningService } from './running-service.js';

let payment: RunningService;
const body = (orderId: string) => ({
  orderId,
  customerId: 'c',
  paymentMethod: 'pm',
  amount: { amount: 100, currency: 'EUR' },
});
const pay = (id: string, orderId = id) => payment.call('PUT', `/api/payments/${id}`, body(orderId));

const pageShape = z.object({
  items: z.array(z.looseObject({ id: z.string(), status: z.string() })),
  nextCursor: z.string().nullable(),
});

type Page = z.infer<typeof pageShape>;

async function page(query: string): Promise<Page> {
  const answer = await payment.call('GET', `/api/payments?${query}`);
  expect(answer.status).toBe(200);
  return pageShape.parse(answer.body);
}

async function all(query: string, between: () => Promise<unknown> = async () => undefined): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { items, nextCursor }: Page = await page(`${query}${cursor === '' ? '' : `&cursor=${cursor}`}`);
    ids.push(...items.map(({ id }) => id));
    cursor = nextCursor;
    await between();
  }
  return ids;
}

beforeAll(async () => {
  payment = await run(openPayment);
  for (let index = 0; index < 23; index += 1) await pay(`p-${String(index).padStart(2, '0')}`);
  await payment.call('DELETE', '/api/payments/p-05');
  await payment.call('DELETE', '/api/payments/tombstone');
  await payment.call('PUT', '/api/payments/declined', { ...body('o'), paymentMethod: 'pm_declined' });
});
afterAll(() => payment.stop());

const live = Array.from({ length: 23 }, (_, index) => `p-${String(index).padStart(2, '0')}`).filter(
  (id) => id !== 'p-05',
);

describe('a collection', () => {
  it.each([1, 5, 11, 22, 23, 500])('with effect=applied has all live effects once, in pages of %i', async (limit) => {
    expect(await all(`effect=applied&limit=${limit}`)).toEqual(live);
  });

  it('without a filter has what was refused, undone and fenced, too', async () => {
    expect(await all('limit=7')).toEqual(['declined', ...[...live, 'p-05'].sort(), 'tombstone']);
  });

  it('shows each effect as GET of it does', async () => {
    const { items } = await page('limit=500');
    for (const item of items) expect((await payment.call('GET', `/api/payments/${item.id}`)).body).toEqual(item);
  });

  it('with orderId has that order only', async () => {
    await pay('again-for-p-01', 'p-01');
    expect(await all('orderId=p-01')).toEqual(['again-for-p-01', 'p-01']);
    expect(await all('orderId=p-05&effect=applied')).toEqual([]);
    expect(await all('orderId=nobody')).toEqual([]);
    await payment.call('DELETE', '/api/payments/again-for-p-01');
  });

  it('lists every effect that stands all the while, even if others are written between the pages', async () => {
    let count = 0;
    const ids = await all('effect=applied&limit=3', async () => {
      count += 1;
      await pay(`a-${count}`);
      await pay(`z-${count}`);
      await payment.call('DELETE', `/api/payments/a-${count}`);
    });
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(live));
  });

  it.each([
    'limit=0',
    'limit=501',
    'limit=-1',
    'limit=1.5',
    'limit=1&limit=2',
    'limit=',
    'cursor=%20',
    'cursor=gA',
    'cursor=AA',
    'cursor=',
    'effect=none',
    'orderId=',
    'unknown=1',
  ])('refuses ?%s', async (query) => {
    expect(await payment.call('GET', `/api/payments?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'ValidationFailed' },
    });
  });
});

it('the catalogue comes in pages, too', async () => {
  const inventory = await run(openInventory);
  const first = await inventory.call('GET', '/api/products?limit=3');
  expect(first.body['items']).toMatchObject([{ productId: '123' }, { productId: '456' }, { productId: '789' }]);
  const second = await inventory.call('GET', `/api/products?limit=3&cursor=${String(first.body['nextCursor'])}`);
  expect(second.body).toEqual({
    items: [
      {
        productId: 'usd-1',
        name: 'Yellow legal pad',
        price: { amount: 1500, currency: 'USD' },
        available: 1000,
        reserved: 0,
      },
    ],
    nextCursor: null,
  });
  await inventory.stop();
});
