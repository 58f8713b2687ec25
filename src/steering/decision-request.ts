/** Decisions on a saga, the same by HTTP and by Kafka. */
import { z } from 'zod';
import { actorName, historyText } from '../platform/texts.js';
import { looksPersonal } from '../platform/personal-data.js';

const ACTIONS = ['retry', 'skip', 'block', 'applied', 'notApplied'] as const;

export const action = z.enum(ACTIONS).meta({
  id: 'ResolveAction',
  description:
    '`retry`: a new budget. `skip`: leave it as it is; the verdict lists the waiver. `block`: stop retrying. ' +
    '`applied`, `notApplied`: what became of an action that the participant could not tell.',
});

export const reason = historyText(500).meta({
  description: 'Kept in the history: nothing personal.',
  example: 'refunded by hand',
});
export const actor = actorName.optional();

/** Visible characters only: it becomes part of ids and logs. */
export const requestId = z
  .string()
  .regex(/^[!-~]{1,200}$/, 'is 1 to 200 visible ASCII characters')
  .refine((id) => !looksPersonal(id), 'is kept in the history: no e-mail address, no card number')
  .meta({
    description: 'The same id with the same content finds the decision again; `Idempotency-Key` can say it as well.',
    example: 'ticket-4711',
  });

/** A decision of staff on an order or any saga. */
export const decisionRequestSchema = z.strictObject({
  reason: historyText(500).meta({ description: 'Kept in the history: nothing personal.', example: 'known customer' }),
  actor: actorName.optional(),
});

export const resolveRequestSchema = z.strictObject({ action, reason, actor, requestId: requestId.optional() });
