import { STAFF } from '../../../caller.js';
import { operation } from '../../operation.js';
import { deliverySchema, webhookParams } from '../../schemas/webhooks.js';
import { requireEnabled, requireWebhooks, WEBHOOK_PROBLEMS } from '../../webhooks.js';

export const testWebhook = operation(
  {
    id: 'testWebhook',
    method: 'post',
    path: '/api/webhooks/{webhookId}/test',
    tag: 'webhooks',
    roles: STAFF,
    summary: 'Send a test message, `webhook.test`',
    description: 'It is queued, signed and tried as any other message; its delivery says what has become of it.',
    params: webhookParams,
    answers: { 202: { description: 'The delivery, which is queued.', body: deliverySchema } },
    problems: ['WebhookNotFound', 'WebhookNotEnabled', ...WEBHOOK_PROBLEMS],
  },
  (deps) =>
    async ({ params: { webhookId } }) => {
      await requireEnabled(deps, webhookId);
      return { status: 202, body: await requireWebhooks(deps).store.test(webhookId) };
    },
);
