/** The webhooks, from the environment. */
import type { TargetLimits } from '../platform/webhooks/target.js';
import type { Settings } from './variables.js';

/** The endpoints that may be registered, and how long one of them may take to answer. */
export interface WebhookConfig {
  readonly rules: TargetLimits;
  /** Milliseconds. */
  readonly within: number;
}

/** Undefined: off. */
export const webhooksOf = (settings: Settings): WebhookConfig | undefined =>
  settings.WEBHOOKS === true
    ? {
        rules: {
          plainHttp: settings.WEBHOOKS_PLAIN_HTTP ?? false,
          privateAddresses: settings.WEBHOOKS_PRIVATE_ADDRESSES ?? false,
        },
        within: settings.WEBHOOKS_TIMEOUT,
      }
    : undefined;
