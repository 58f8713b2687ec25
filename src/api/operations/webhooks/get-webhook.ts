import { STAFF } from '../../../caller.js';
import { operation } from '../../operation.js';
import { webhookParams, webhookSchema } from '../../schemas/webhooks.js';
import { requireWebhook, WEBHOOK_PROBLEMS } from '../../webhooks.js';

export const getWebhook = operation(
  {
    id: 'getWebhook',
    method: 'get',
    path: '/api/webhooks/{webhookId}',
    tag: 'webhooks',
    roles: STAFF,
    summary: 'One endpoint, without its secret',
    params: webhookParams,
    answers: { 200: { description: 'The endpoint.', body: webhookSchema } },
    problems: ['WebhookNotFound', ...WEBHOOK_PROBLEMS],
  },
  (deps) =>
    async ({ params }) => ({ status: 200, body: await requireWebhook(deps, params.webhookId) }),
);
