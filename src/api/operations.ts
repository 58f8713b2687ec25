/** Every operation of the API: the app mounts them, and the OpenAPI document and the client are made of them. */
import type { Operation } from './operation.js';
import { approveOrder } from './operations/approve-order.js';
import { approveSaga } from './operations/approve-saga.js';
import { cancelOrder } from './operations/cancel-order.js';
import { cancelSaga } from './operations/cancel-saga.js';
import { createStreamTicket } from './operations/create-stream-ticket.js';
import { exportAudit } from './operations/export-audit.js';
import { getCaller } from './operations/get-caller.js';
import { getOrder } from './operations/get-order.js';
import { getPermissions } from './operations/get-permissions.js';
import { getSagaStatus } from './operations/get-saga-status.js';
import { listAudit } from './operations/list-audit.js';
import { listEvents } from './operations/list-events.js';
import { listFindings } from './operations/reconciler/list-findings.js';
import { listOrders } from './operations/list-orders.js';
import { listSagaDecisions } from './operations/list-saga-decisions.js';
import { listSagaEvents } from './operations/list-saga-events.js';
import { listSagas } from './operations/list-sagas.js';
import { live } from './operations/live.js';
import { placeOrder } from './operations/place-order.js';
import { ready } from './operations/ready.js';
import { rejectOrder } from './operations/reject-order.js';
import { rejectSaga } from './operations/reject-saga.js';
import { repairSaga } from './operations/reconciler/repair-saga.js';
import { resolveSagas } from './operations/resolve-sagas.js';
import { resolveStep } from './operations/resolve-step.js';
import { streamSagaEvents } from './operations/stream-saga-events.js';
import { changeWebhook } from './operations/webhooks/change-webhook.js';
import { createWebhook } from './operations/webhooks/create-webhook.js';
import { deleteWebhook } from './operations/webhooks/delete-webhook.js';
import { getWebhook } from './operations/webhooks/get-webhook.js';
import { listWebhookDeliveries } from './operations/webhooks/list-webhook-deliveries.js';
import { listWebhooks } from './operations/webhooks/list-webhooks.js';
import { resendWebhookDelivery } from './operations/webhooks/resend-webhook-delivery.js';
import { rotateWebhookSecret } from './operations/webhooks/rotate-webhook-secret.js';
import { testWebhook } from './operations/webhooks/test-webhook.js';

/** In the order of the document. */
export const OPERATIONS: readonly Operation[] = [
  placeOrder,
  listOrders,
  getOrder,
  cancelOrder,
  approveOrder,
  rejectOrder,
  listSagas,
  resolveSagas,
  getSagaStatus,
  listSagaEvents,
  listSagaDecisions,
  listEvents,
  streamSagaEvents,
  createStreamTicket,
  resolveStep,
  cancelSaga,
  approveSaga,
  rejectSaga,
  listAudit,
  exportAudit,
  listFindings,
  repairSaga,
  createWebhook,
  listWebhooks,
  getWebhook,
  changeWebhook,
  deleteWebhook,
  rotateWebhookSecret,
  testWebhook,
  listWebhookDeliveries,
  resendWebhookDelivery,
  getCaller,
  getPermissions,
  live,
  ready,
];
