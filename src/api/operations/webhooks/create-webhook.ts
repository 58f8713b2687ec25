import { Problem } from '../../../problems.js';
import { operation } from '../../operation.js';
import { newWebhookSchema, webhookWithSecretSchema } from '../../schemas/webhooks.js';
import { MAY_REGISTER, requireTarget, requireWebhooks, WEBHOOK_PROBLEMS } from '../../webhooks.js';

export const createWebhook = operation(
  {
    id: 'createWebhook',
    method: 'post',
    path: '/api/webhooks',
    tag: 'webhooks',
    roles: MAY_REGISTER,
    summary: 'Register an endpoint for events of orders',
    description:
      'It gets the events of all orders that happen from now on. The secret is shown in this answer alone. A URL can be registered once; a repeat is 409.',
    body: {
      schema: newWebhookSchema,
      example: { url: 'https://shop.example.com/hooks', events: ['order.completed', 'order.failed'] },
    },
    answers: { 201: { description: 'The endpoint and its secret.', body: webhookWithSecretSchema } },
    problems: ['InvalidRequest', 'WebhookUrlTaken', 'TooManyWebhooks', ...WEBHOOK_PROBLEMS],
  },
  (deps) =>
    async ({ caller, body }) => {
      const { store, rules } = requireWebhooks(deps);
      requireTarget(body.url, rules);
      const added = await store.add({ ...body, createdBy: caller.actor ?? null });
      if (added === 'taken') throw new Problem('WebhookUrlTaken');
      if (added === 'full') throw new Problem('TooManyWebhooks');
      return { status: 201, body: { ...added.endpoint, secret: added.secret } };
    },
);
