/** Who may do what. The OpenAPI document shows it (`x-roles`), the routes enforce it, and a test tries all of it. */

export const ROLES = ['customer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** A customer reaches its own orders and their sagas only; all others are not there for it (404). */
const EVERYBODY: readonly Role[] = ROLES;
const STAFF: readonly Role[] = ['operator', 'admin'];

export const PERMISSIONS = {
  placeOrder: EVERYBODY,
  listOrders: EVERYBODY,
  getOrder: EVERYBODY,
  cancelOrder: EVERYBODY,
  approveOrder: STAFF,
  rejectOrder: STAFF,
  getSagaStatus: EVERYBODY,
  listSagaEvents: EVERYBODY,
  streamSagaEvents: EVERYBODY,
  createStreamTicket: EVERYBODY,
  listSagas: STAFF,
  listEvents: STAFF,
  resolveStep: STAFF,
  resolveSagas: STAFF,
  cancelSaga: STAFF,
  approveSaga: STAFF,
  rejectSaga: STAFF,
} as const satisfies Record<string, readonly Role[]>;

export type OperationId = keyof typeof PERMISSIONS;
