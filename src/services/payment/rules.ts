import { z } from 'zod';
import { money, orderId, text } from '../participant/fields.js';
import type { Participant } from '../participant/participant.js';

const request = z.strictObject({
  orderId,
  customerId: text(255),
  /** A token of the payment provider, never a card number. */
  paymentMethod: text(200),
  amount: money,
});

/** The token that is always declined, so that anybody can reproduce it with one curl. */
const DECLINED = 'pm_declined';

/** A PUT captures the amount, a DELETE gives all of it back. */
export const payments: Participant<z.infer<typeof request>> = {
  name: 'payment',
  collection: 'payments',
  schemaFile: new URL('./schema.sql', import.meta.url),
  laterFiles: [new URL('./zero.sql', import.meta.url)],
  request,
  detail: { amount: money, captured: z.int(), refunded: z.int() },
  refusals: ['PaymentDeclined'],
  fingerprint: ({ orderId, customerId, paymentMethod, amount }) => [
    orderId,
    customerId,
    paymentMethod,
    amount.amount,
    amount.currency,
  ],

  async apply(sql, id, { customerId, paymentMethod, amount }) {
    // Nothing to charge: the payment is on the books, and the provider is not asked.
    if (amount.amount > 0 && paymentMethod === DECLINED)
      return { code: 'PaymentDeclined', detail: 'The provider declined the payment.' };
    await sql(
      `INSERT INTO payments (id, customer_id, payment_method, currency, amount, captured) VALUES ($1, $2, $3, $4, $5, $5)`,
      [id, customerId, paymentMethod, amount.currency, amount.amount],
    );
    return undefined;
  },

  undo: {
    refusal: 'RefundRefused',
    async run(sql, id) {
      await sql('UPDATE payments SET refunded = captured, refunded_at = now() WHERE id = $1', [id]);
      return undefined;
    },
  },
};
