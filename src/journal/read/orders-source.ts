/** What the journal's lists need of the orders, which may live in another server. Types only. */
import type { Mark } from './page-cursor.js';

export interface ListedOrder {
  readonly orderId: string;
  /** Null if the customer was forgotten. */
  readonly customerId: string | null;
  readonly createdAt: string;
  /** The same as a list's mark, to the microsecond. */
  readonly createdAtMark: string;
  readonly startedAt: string | null;
  /** It names the product that was asked for; true if none was. */
  readonly hasProduct: boolean;
}

export interface OrdersSource {
  /** Orders of a customer and a time, started or not, newest first, from after `before`. */
  list(
    filter: {
      readonly customerId?: string | undefined;
      /** Of a customer's orders, and of `ids`, also those without it come, marked. */
      readonly productId?: string | undefined;
      readonly from?: string | undefined;
      readonly to?: string | undefined;
      readonly ids?: readonly string[] | undefined;
    },
    page: { readonly before?: Mark | undefined; readonly limit: number },
  ): Promise<readonly ListedOrder[]>;
}
