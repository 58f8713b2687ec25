/** The orders' side of the journal's lists; the orders may be in another server. Types only. */
import type { Mark } from './page-cursor.js';

export interface ListedOrder {
  readonly orderId: string;
  /** Null if the customer was forgotten. */
  readonly customerId: string | null;
  readonly createdAt: string;
  /** The same as a list's mark, to the microsecond. */
  readonly createdAtMark: string;
  readonly startedAt: string | null;
  /** True if the order has the product of the filter, or if the filter has none. */
  readonly hasProduct: boolean;
}

export interface OrdersSource {
  /** Orders of a customer and a time, started or not, newest first, from after `before`. */
  list(
    filter: {
      readonly customerId?: string | undefined;
      /** The listed orders of a customer, and of `ids`, include those without the product, marked. */
      readonly productId?: string | undefined;
      readonly from?: string | undefined;
      readonly to?: string | undefined;
      readonly ids?: readonly string[] | undefined;
    },
    page: { readonly before?: Mark | undefined; readonly limit: number },
  ): Promise<readonly ListedOrder[]>;
}
