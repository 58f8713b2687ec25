/** The customers of a run: a few at a time, held back at each blow that is still to be struck. */
import { cancel, place } from './customer.js';
import type { PlannedOrder } from './plan.js';
import type { Progress } from './progress.js';
import type { OrderRecord } from './records.js';

const CUSTOMERS = 8;

export interface Gate {
  /** Resolves once the order of this number may be placed. */
  open(index: number): Promise<void>;
}

/** Places all orders, and returns once every customer has been answered. Fills `records` as it goes. */
export async function runShop(
  api: string,
  records: readonly OrderRecord[],
  { progress, gate, signal }: { progress: Progress; gate: Gate; signal: AbortSignal },
): Promise<void> {
  let next = 0;
  const cancels: Promise<void>[] = [];
  const customer = async (): Promise<void> => {
    for (let record = records[next]; record !== undefined; record = records[next]) {
      const index = next;
      next += 1;
      await gate.open(index);
      await place(api, record, signal);
      progress.advance();
      if (record.placing === 'acknowledged') cancels.push(meanwhile(cancel(api, record, signal)));
    }
  };
  await Promise.all(Array.from({ length: CUSTOMERS }, customer));
  await Promise.all(cancels);
}

/** Goes on while others do; what it throws is heard where it is awaited, and is not unhandled until then. */
export function meanwhile<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}

export const openRecords = (orders: readonly PlannedOrder[]): OrderRecord[] =>
  orders.map((order) => ({ order, placing: 'unanswered', cancels: [], oddities: [] }));
