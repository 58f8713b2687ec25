import { z } from 'zod';
import { STAFF } from '../../../caller.js';
import { operation } from '../../operation.js';
import { paging } from '../../schemas/query.js';
import { deliveryListSchema, deliveryState, webhookParams } from '../../schemas/webhooks.js';
import { requireWebhook, requireWebhooks, WEBHOOK_PROBLEMS } from '../../webhooks.js';

export const listWebhookDeliveries = operation(
  {
    id: 'listWebhookDeliveries',
    method: 'get',
    path: '/api/webhooks/{webhookId}/deliveries',
    tag: 'webhooks',
    roles: STAFF,
    summary: "An endpoint's messages, the newest first",
    description: 'Those that are delivered or have failed are kept for 30 days.',
    params: webhookParams,
    query: z.strictObject({ state: deliveryState.optional(), ...paging }),
    answers: { 200: { description: 'A page.', body: deliveryListSchema } },
    problems: ['WebhookNotFound', ...WEBHOOK_PROBLEMS],
  },
  (deps) =>
    async ({ params: { webhookId }, query }) => {
      await requireWebhook(deps, webhookId);
      return { status: 200, body: await requireWebhooks(deps).store.listDeliveries(webhookId, query) };
    },
);
