/** What an order of fifty products costs in history against one of a single product. */
import { historyFacts } from '../histories.js';
import type { Ledger } from '../measure.js';
import { makeOrder } from '../orders.js';
import { sagaIdOf } from '../../src/order.js';
import type { Stage } from '../stage.js';
import type { Variant } from '../variants.js';

const LONG = 50;

export interface ItemsComparison {
  readonly one: number;
  readonly fifty: number;
  readonly ratio: number;
}

async function bytesOf(stage: Stage, variant: Variant, lines: number, ledger: Ledger): Promise<number> {
  const order = makeOrder(variant.destination, lines);
  await variant.prepare([order]);
  const verdict = await variant.run(order);
  ledger.set(verdict.sagaId, verdict);
  return (await historyFacts(stage.client, sagaIdOf(order.orderId))).bytes;
}

export async function compareItems(stage: Stage, variant: Variant, ledger: Ledger): Promise<ItemsComparison> {
  const one = await bytesOf(stage, variant, 1, ledger);
  const fifty = await bytesOf(stage, variant, LONG, ledger);
  return { one, fifty, ratio: fifty / one };
}
