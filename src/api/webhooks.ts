/** What the operations on webhooks have in common: webhooks that may be off, endpoints that may not be there. */
import type { WebhookEndpoint } from '../journal/webhooks/endpoints.js';
import { invalidRequest } from '../platform/validate.js';
import { faultOfTarget, type TargetLimits } from '../platform/webhooks/target.js';
import { Problem } from '../problems.js';
import type { ApiDeps, WebhookDeps } from './deps.js';
import { isWebhookId } from './schemas/webhooks.js';

/** The roles that change who hears of every order. Staff read, test and re-send. */
export const MAY_REGISTER = ['admin'] as const;

/** @throws Problem `WebhooksOff` */
export function requireWebhooks({ webhooks }: ApiDeps): WebhookDeps {
  if (!webhooks) throw new Problem('WebhooksOff');
  return webhooks;
}

/** @throws Problem `InvalidRequest` for a URL to which nothing would be sent */
export function requireTarget(url: string | undefined, rules: TargetLimits): void {
  const fault = url === undefined ? undefined : faultOfTarget(url, rules);
  if (fault !== undefined) throw invalidRequest([{ field: 'url', message: fault }]);
}

/** @throws Problem `WebhookNotFound` */
export function requireWebhookId(webhookId: string): void {
  if (!isWebhookId(webhookId)) throw new Problem('WebhookNotFound');
}

/** The endpoint. @throws Problem `WebhooksOff`, `WebhookNotFound` */
export async function requireWebhook(deps: ApiDeps, webhookId: string): Promise<WebhookEndpoint> {
  const { store } = requireWebhooks(deps);
  requireWebhookId(webhookId);
  return orNotFound(await store.get(webhookId));
}

/** For what is sent at once. @throws Problem `WebhooksOff`, `WebhookNotFound`, `WebhookNotEnabled` */
export async function requireEnabled(deps: ApiDeps, webhookId: string): Promise<void> {
  const { state } = await requireWebhook(deps, webhookId);
  if (state !== 'enabled') throw new Problem('WebhookNotEnabled', { state });
}

/** @throws Problem `WebhookNotFound` */
export function orNotFound<T>(found: T | undefined): T {
  if (found === undefined) throw new Problem('WebhookNotFound');
  return found;
}

/** The problems of every operation on webhooks. */
export const WEBHOOK_PROBLEMS = ['WebhooksOff', 'JournalUnavailable'] as const;
