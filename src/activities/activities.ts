/** The activities that the worker registers: the verbs of the four services, each addressed by ids alone. */
import type { Money, Order, UnitPrices } from '../order.js';
import type { ServiceTarget } from '../platform/outbound/service-access.js';
import { inventoryActivities } from './inventory.js';
import { notificationActivities } from './notification.js';
import { paymentActivities } from './payment.js';
import { shippingActivities } from './shipping.js';

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

/** All activities, over these participants. */
export const createActivities = (participants: Participants) => ({
  ...inventoryActivities(participants),
  ...paymentActivities(participants),
  ...shippingActivities(participants),
  ...notificationActivities(participants),
  /** Does nothing by itself: the entries in its header are stored before it succeeds. */
  storeJournal: async (): Promise<void> => undefined,
});

export type Activities = ReturnType<typeof createActivities>;
