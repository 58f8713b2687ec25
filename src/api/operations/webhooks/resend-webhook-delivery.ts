import { STAFF } from '../../../caller.js';
import { Problem } from '../../../problems.js';
import { operation } from '../../operation.js';
import { deliveryParams, deliverySchema } from '../../schemas/webhooks.js';
import { requireEnabled, requireWebhooks, WEBHOOK_PROBLEMS } from '../../webhooks.js';

export const resendWebhookDelivery = operation(
  {
    id: 'resendWebhookDelivery',
    method: 'post',
    path: '/api/webhooks/{webhookId}/deliveries/{deliveryId}/resend',
    tag: 'webhooks',
    roles: STAFF,
    summary: 'Send a message again, now',
    description: 'Under the same `webhook-id`, so that a receiver that has it already knows the repeat.',
    params: deliveryParams,
    answers: { 202: { description: 'The delivery, which is queued.', body: deliverySchema } },
    problems: ['WebhookNotFound', 'WebhookDeliveryNotFound', 'WebhookNotEnabled', ...WEBHOOK_PROBLEMS],
  },
  (deps) =>
    async ({ params: { webhookId, deliveryId } }) => {
      await requireEnabled(deps, webhookId);
      const delivery = await requireWebhooks(deps).store.resend(webhookId, deliveryId);
      if (!delivery) throw new Problem('WebhookDeliveryNotFound');
      return { status: 202, body: delivery };
    },
);
