import { operation } from '../../operation.js';
import { webhookParams, webhookWithSecretSchema } from '../../schemas/webhooks.js';
import { MAY_REGISTER, orNotFound, requireWebhookId, requireWebhooks, WEBHOOK_PROBLEMS } from '../../webhooks.js';

export const rotateWebhookSecret = operation(
  {
    id: 'rotateWebhookSecret',
    method: 'post',
    path: '/api/webhooks/{webhookId}/rotate-secret',
    tag: 'webhooks',
    roles: MAY_REGISTER,
    summary: "Replace an endpoint's secret",
    description: 'For 24 hours each attempt is signed by the new secret and by the one before it.',
    params: webhookParams,
    answers: { 200: { description: 'The endpoint and its new secret.', body: webhookWithSecretSchema } },
    problems: ['WebhookNotFound', ...WEBHOOK_PROBLEMS],
  },
  (deps) =>
    async ({ params: { webhookId } }) => {
      const { store } = requireWebhooks(deps);
      requireWebhookId(webhookId);
      const { endpoint, secret } = orNotFound(await store.rotateSecret(webhookId));
      return { status: 200, body: { ...endpoint, secret } };
    },
);
