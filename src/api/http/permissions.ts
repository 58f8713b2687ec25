/** Who may do what. The OpenAPI document shows it (`x-roles`), the routes enforce it, and a test tries all of it. */
import { ROLES, type Role, STAFF } from '../../caller.js';

export const PERMISSIONS = {
  placeOrder: ROLES,
  listOrders: ROLES,
  getOrder: ROLES,
  cancelOrder: ROLES,
  approveOrder: STAFF,
  rejectOrder: STAFF,
  getSagaStatus: ROLES,
  listSagaEvents: ROLES,
  streamSagaEvents: ROLES,
  createStreamTicket: ROLES,
  listSagas: STAFF,
  listEvents: STAFF,
  resolveStep: STAFF,
  resolveSagas: STAFF,
  cancelSaga: STAFF,
  approveSaga: STAFF,
  rejectSaga: STAFF,
} as const satisfies Record<string, readonly Role[]>;

export type OperationId = keyof typeof PERMISSIONS;
