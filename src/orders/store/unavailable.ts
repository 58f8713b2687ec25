import { DatabaseUnavailableError, unavailableAs } from '../../platform/database/unavailable.js';

/** The orders' PostgreSQL is away or refuses connections. The request may be right, and can be repeated later. */
export class OrdersUnavailableError extends DatabaseUnavailableError {
  override readonly name = 'OrdersUnavailableError';

  constructor(cause: unknown) {
    super('The orders database is not available', { cause });
  }
}

export const orUnavailable = unavailableAs(OrdersUnavailableError);
