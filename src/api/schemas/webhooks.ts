/** The shapes of webhooks: registrations and deliveries. */
import { z } from 'zod';
import { WEBHOOK_EVENTS } from '../../journal/webhooks/endpoints.js';
import { text } from '../../platform/texts.js';
import { time } from '../../steering/shapes.js';
import { next } from './query.js';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** True of an id that can be one; any other is that of no endpoint. */
export const isWebhookId = (id: string): boolean => UUID.test(id);

export const webhookParams = z.object({
  webhookId: z.string().meta({ format: 'uuid', example: '0b9f6d0e-5a0c-4c0b-9d57-3c1f8a0f2b11' }),
});

export const deliveryParams = webhookParams.extend({ deliveryId: z.string().meta({ example: '4711' }) });

const events = z
  .array(z.enum(WEBHOOK_EVENTS))
  .min(1, 'names one event at least')
  .max(WEBHOOK_EVENTS.length, `has at most ${WEBHOOK_EVENTS.length} events`)
  .refine((all) => new Set(all).size === all.length, 'names each event once')
  .meta({ uniqueItems: true });

const url = z.string().max(2_000, 'has at most 2000 characters').meta({
  description: 'Begins with `https:`; without user, password and fragment; not of a private network.',
  example: 'https://shop.example.com/hooks',
});

const description = text(200).meta({ description: 'For people.', example: 'the shop' });

export const newWebhookSchema = z
  .strictObject({ url, events, description: description.default('webhook') })
  .meta({ id: 'NewWebhook' });

export const webhookChangeSchema = z
  .strictObject({
    url: url.optional(),
    events: events.optional(),
    description: description.optional(),
    enabled: z.boolean().optional().meta({
      description:
        '`false`: it gets no new events, and what waits for it goes on waiting. `true` also revives one that has ended, and what waits is due at once.',
    }),
  })
  .meta({ id: 'WebhookChange' });

const webhookShape = {
  webhookId: z.string(),
  url: z.string(),
  description: z.string(),
  events: z.array(z.enum(WEBHOOK_EVENTS)).readonly(),
  state: z.enum(['enabled', 'disabled', 'ended']).meta({ description: '`ended`: it answered 410.' }),
  createdBy: z.string().nullable(),
  createdAt: time,
  updatedAt: time,
  oldSecretUntil: time.nullable().meta({ description: 'Until then the secret before this one signs as well.' }),
  failingSince: time.nullable().meta({ description: 'Since when every attempt has failed.' }),
};

export const webhookSchema = z.object(webhookShape).meta({ id: 'Webhook' });

export const webhookWithSecretSchema = z
  .object({
    ...webhookShape,
    secret: z.string().meta({ description: '`whsec_…`: shown here, and never again.' }),
  })
  .meta({ id: 'WebhookWithSecret' });

export const webhookListSchema = z.object({ items: z.array(webhookSchema).readonly() }).meta({ id: 'WebhookList' });

const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const;
export const deliveryState = z.enum(DELIVERY_STATES);

export const deliverySchema = z
  .object({
    deliveryId: z.string(),
    messageId: z.string().meta({ description: 'The header `webhook-id`: the same at each attempt and re-send.' }),
    event: z.string().meta({ example: 'order.completed' }),
    sagaId: z.string().nullable().meta({ description: 'Null for a test.' }),
    state: deliveryState,
    createdAt: time,
    attempts: z.int().meta({ description: 'Attempts that began; the last one may be under way.' }),
    lastAttemptAt: time.nullable(),
    lastStatus: z.int().nullable().meta({ description: 'The status of the last answer; null if there was none.' }),
    lastError: z.string().nullable().meta({ description: 'Why there was no answer.', example: 'ECONNREFUSED' }),
    nextAttemptAt: time.nullable().meta({ description: 'Null once it is delivered or has failed.' }),
  })
  .meta({ id: 'WebhookDelivery' });

export const deliveryListSchema = z
  .object({ items: z.array(deliverySchema).readonly(), next })
  .meta({ id: 'WebhookDeliveryList' });
