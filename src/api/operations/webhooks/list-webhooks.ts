import { STAFF } from '../../../caller.js';
import { operation } from '../../operation.js';
import { webhookListSchema } from '../../schemas/webhooks.js';
import { requireWebhooks, WEBHOOK_PROBLEMS } from '../../webhooks.js';

export const listWebhooks = operation(
  {
    id: 'listWebhooks',
    method: 'get',
    path: '/api/webhooks',
    tag: 'webhooks',
    roles: STAFF,
    summary: 'All endpoints, the oldest first, without their secrets',
    answers: { 200: { description: 'At most 50.', body: webhookListSchema } },
    problems: [...WEBHOOK_PROBLEMS],
  },
  (deps) => async () => ({ status: 200, body: { items: await requireWebhooks(deps).store.list() } }),
);
