import { Problem } from '../../../problems.js';
import { operation } from '../../operation.js';
import { webhookChangeSchema, webhookParams, webhookSchema } from '../../schemas/webhooks.js';
import {
  MAY_REGISTER,
  orNotFound,
  requireTarget,
  requireWebhookId,
  requireWebhooks,
  WEBHOOK_PROBLEMS,
} from '../../webhooks.js';

export const changeWebhook = operation(
  {
    id: 'changeWebhook',
    method: 'patch',
    path: '/api/webhooks/{webhookId}',
    tag: 'webhooks',
    roles: MAY_REGISTER,
    summary: 'Change an endpoint: its URL, its events, on or off',
    description: 'Fields that are left out stay as they are. What waits for it goes to the new URL.',
    params: webhookParams,
    body: { schema: webhookChangeSchema, example: { enabled: false } },
    answers: { 200: { description: 'The endpoint as it is now.', body: webhookSchema } },
    problems: ['InvalidRequest', 'WebhookNotFound', 'WebhookUrlTaken', ...WEBHOOK_PROBLEMS],
  },
  (deps) =>
    async ({ params: { webhookId }, body }) => {
      const { store, rules } = requireWebhooks(deps);
      requireWebhookId(webhookId);
      requireTarget(body.url, rules);
      const changed = await store.change(webhookId, body);
      if (changed === 'taken') throw new Problem('WebhookUrlTaken');
      return { status: 200, body: orNotFound(changed) };
    },
);
