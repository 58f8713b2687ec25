/** The ids and the sources that the activities work with. */
import type { Money, Order, UnitPrices } from '../order.js';
import type { ServiceTarget } from '../platform/outbound/service-access.js';
/** The name of an order's effects at every participant. */
export interface OrderRef {
  readonly orderId: string;
}

export interface PricedOrderRef extends OrderRef {
  readonly total: Money;
}

/** Keeps the prices of an order's products, beside the order. */
export interface PriceKeeper {
  keepPrices(orderId: string, prices: UnitPrices): Promise<void>;
}

export interface OrderReader {
  get(orderId: string): Promise<Order | undefined>;
}

/** The source of the order's data, and the addresses of the participants. */
export interface Participants {
  readonly orders: OrderReader;
  readonly prices?: PriceKeeper;
  readonly services: Readonly<Record<'inventory' | 'payment' | 'shipping' | 'notification', ServiceTarget>>;
}
