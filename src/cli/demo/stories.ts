/** The seven stories of the demo, each with its expected verdicts, written down beforehand. */
import { setTimeout as pause } from 'node:timers/promises';
import type { OrderItem } from '../../order.js';
import type { DemoOrder, DemoUrls, Ledger } from './shop.js';
import { armFault, DemoError, holdStock, readProducts, releaseStock } from './shop.js';

/** The expected end of an order, and its expected statuses in the ledgers of inventory, payment and shipping. */
export interface Expected {
  readonly state: 'COMPLETED' | 'FAILED';
  readonly reason?: string;
  readonly ledger: Ledger;
  /** A step that must have more than one attempt; otherwise the fault has hit another order. */
  readonly retried?: string;
}

export interface Stage {
  readonly urls: DemoUrls;
  /** `demo-<run>-<story>`: new for each run, so that every story can be played again. */
  readonly orderId: (name: string) => string;
  /** `SAGA_ATTEMPT_TIMEOUT`, in milliseconds. */
  readonly attemptTimeout: number;
  readonly say: (sentence: string) => void;
  /** Places an order; it is followed to its end when all orders of the story are placed. */
  readonly order: (order: DemoOrder) => Promise<void>;
}

export interface Story {
  readonly title: string;
  /** In any order, because of two racing orders either may win. */
  readonly expected: readonly Expected[];
  /** Places the story's orders. The function that it returns is called when they have ended. */
  tell(stage: Stage): Promise<(() => Promise<void>) | undefined>;
}

const COMPLETED: Expected = { state: 'COMPLETED', ledger: ['applied', 'applied', 'applied'] };

const OUT_OF_STOCK: Expected = {
  state: 'FAILED',
  reason: 'InsufficientInventory',
  ledger: ['refused', 'none', 'none'],
};

const TWO: readonly OrderItem[] = [{ productId: '123', quantity: 2 }];

const ANTARCTICA = { name: 'Demo Customer', street: 'Ice 1', city: 'McMurdo', postalCode: '0000', country: 'AQ' };

/** How long after its caller was cut off a slow original still arrives. */
const LATE_MS = 3_000;

export const STORIES: readonly Story[] = [
  {
    title: 'An order is completed',
    expected: [COMPLETED],
    async tell({ order, orderId }) {
      await order({ orderId: orderId('completed'), items: TWO });
      return undefined;
    },
  },
  {
    title: 'A product is out of stock',
    expected: [OUT_OF_STOCK],
    async tell({ urls, order, orderId, say }) {
      const { productId, available } = await scarcest(urls, 0);
      say(`product ${productId}: ${available} available, ${available + 1} wanted`);
      await order({ orderId: orderId('out-of-stock'), items: [{ productId, quantity: available + 1 }] });
      return undefined;
    },
  },
  {
    title: 'The payment is declined: the stock is given back',
    expected: [{ state: 'FAILED', reason: 'PaymentDeclined', ledger: ['undone', 'refused', 'none'] }],
    async tell({ order, orderId }) {
      await order({ orderId: orderId('declined'), items: TWO, paymentMethod: 'pm_declined' });
      return undefined;
    },
  },
  {
    title: 'Shipping refuses the address: payment and stock are given back',
    expected: [{ state: 'FAILED', reason: 'AddressNotServiceable', ledger: ['undone', 'undone', 'refused'] }],
    async tell({ order, orderId }) {
      await order({ orderId: orderId('address'), items: TWO, shippingAddress: ANTARCTICA });
      return undefined;
    },
  },
  {
    title: 'The answer is lost after the charge: asked again, nothing is charged twice',
    expected: [{ ...COMPLETED, retried: 'process_payment' }],
    async tell({ urls, order, orderId, say }) {
      await armFault(urls.services.payment, { mode: 'drop-response', times: 1 });
      say('payment will commit the next charge, then break the connection');
      await order({ orderId: orderId('lost-answer'), items: TWO });
      return undefined;
    },
  },
  {
    title: 'A slow service: its first attempt is cut off, and the late original changes nothing',
    expected: [{ ...COMPLETED, retried: 'create_shipment' }],
    tell: tellOfSlowService,
  },
  { title: 'Two orders race for the last unit', expected: [COMPLETED, OUT_OF_STOCK], tell: tellOfLastUnit },
];

async function tellOfSlowService({ urls, order, orderId, attemptTimeout, say }: Stage) {
  const delayMs = attemptTimeout + LATE_MS;
  await armFault(urls.services.shipping, { mode: 'delay', delayMs, times: 1 });
  say(`shipping will sit on the next call for ${delayMs / 1000} s; an attempt may take ${attemptTimeout / 1000} s`);
  const armedAt = Date.now();
  await order({ orderId: orderId('slow'), items: TWO });
  return async () => {
    // The order has reached shipping within the first seconds, and has waited for its second attempt since.
    await pause(Math.max(0, armedAt + delayMs + LATE_MS - Date.now()));
    say('the late original has arrived by now; what counts is what the ledgers say');
  };
}

/** The story needs exactly one last unit, also when it is repeated: surplus units are held for a moment. */
async function tellOfLastUnit({ urls, order, orderId, say }: Stage) {
  const release = (): Promise<void> => releaseStock(urls);
  await release();
  const { productId, available } = await scarcest(urls, 1);
  say(`product ${productId}: ${available} available`);
  try {
    if (available > 1) {
      await holdStock(urls, orderId('hold'), [{ productId, quantity: available - 1 }]);
      say('another sales channel holds all but one of them for a moment');
    }
    const items = [{ productId, quantity: 1 }];
    await Promise.all(['race-a', 'race-b'].map((name) => order({ orderId: orderId(name), items })));
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

/** The product with the fewest units, but no fewer than `atLeast`. */
async function scarcest(urls: DemoUrls, atLeast: number) {
  const products = (await readProducts(urls)).filter(({ available }) => available >= atLeast);
  const [found] = products.sort((a, b) => a.available - b.available);
  if (found === undefined) throw new DemoError('The catalogue has no product in stock: start with demo data.');
  return found;
}
