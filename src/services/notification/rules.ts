import { z } from 'zod';
import { orderId, text } from '../participant/fields.js';
import type { Participant } from '../participant/participant.js';

const kind = z.enum(['confirmation', 'cancellation']);
const request = z.strictObject({ orderId, customerId: text(255), kind });

/** The customer whose mailbox takes nothing, so that anybody can reproduce it with one curl. */
const REJECTING = 'unreachable-customer';

/** A PUT sends a mail, once. There is no DELETE, because a mail cannot be taken back. */
export const notifications: Participant<z.infer<typeof request>> = {
  name: 'notification',
  collection: 'notifications',
  schemaFile: new URL('./schema.sql', import.meta.url),
  request,
  detail: { kind },
  refusals: ['RecipientRejected'],
  fingerprint: ({ orderId, customerId, kind }) => [orderId, customerId, kind],

  // The id says which of an order's two mails it is: one id can never stand for both.
  checkId: (id, { kind }) =>
    id.endsWith(`-${kind}`) ? undefined : { field: 'id', message: `must end in -${kind} for this kind` },

  async apply(sql, id, { customerId, kind }) {
    if (customerId === REJECTING) return { code: 'RecipientRejected', detail: 'The mailbox takes nothing.' };
    await sql('INSERT INTO notifications (id, customer_id, kind) VALUES ($1, $2, $3)', [id, customerId, kind]);
    return undefined;
  },
};
