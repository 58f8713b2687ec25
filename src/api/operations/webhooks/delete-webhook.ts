import { Problem } from '../../../problems.js';
import { operation } from '../../operation.js';
import { webhookParams } from '../../schemas/webhooks.js';
import { MAY_REGISTER, requireWebhookId, requireWebhooks, WEBHOOK_PROBLEMS } from '../../webhooks.js';

export const deleteWebhook = operation(
  {
    id: 'deleteWebhook',
    method: 'delete',
    path: '/api/webhooks/{webhookId}',
    tag: 'webhooks',
    roles: MAY_REGISTER,
    summary: 'Delete an endpoint',
    description: 'Nothing more is sent to it, also of what waits. An attempt that is under way may still arrive.',
    params: webhookParams,
    answers: { 204: { description: 'It is deleted.' } },
    problems: ['WebhookNotFound', ...WEBHOOK_PROBLEMS],
  },
  (deps) =>
    async ({ params: { webhookId } }) => {
      const { store } = requireWebhooks(deps);
      requireWebhookId(webhookId);
      if (!(await store.delete(webhookId))) throw new Problem('WebhookNotFound');
      return { status: 204 };
    },
);
