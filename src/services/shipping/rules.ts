import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { lines, orderId, text } from '../participant/fields.js';
import { mergeLines } from '../participant/fingerprint.js';
import type { Participant } from '../participant/participant.js';

const address = z.strictObject({
  name: text(200),
  street: text(200),
  city: text(200),
  postalCode: text(40),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code'),
});

const request = z.strictObject({ orderId, items: lines, address });

/** No carrier goes to Antarctica. */
const NOT_SERVICEABLE = ['AQ'];

/** A PUT books a parcel, a DELETE cancels it as long as the carrier has not collected it. */
export const shipments: Participant<z.infer<typeof request>> = {
  name: 'shipping',
  collection: 'shipments',
  schemaFile: new URL('./schema.sql', import.meta.url),
  request,
  detail: { trackingNumber: z.string() },
  refusals: ['AddressNotServiceable'],
  fingerprint: ({ orderId, items, address }) => [
    orderId,
    mergeLines(items).map(({ productId, quantity }) => [productId, quantity]),
    [address.name, address.street, address.city, address.postalCode, address.country],
  ],

  async apply(sql, id, { items, address }) {
    if (NOT_SERVICEABLE.includes(address.country)) {
      return { code: 'AddressNotServiceable', detail: `No carrier serves ${address.country}.` };
    }
    const trackingNumber = `UNW${randomBytes(8).toString('hex').toUpperCase()}`;
    await sql('INSERT INTO shipments (id, tracking_number, items, address) VALUES ($1, $2, $3, $4)', [
      id,
      trackingNumber,
      JSON.stringify(mergeLines(items)),
      JSON.stringify(address),
    ]);
    return undefined;
  },

  undo: {
    refusal: 'AlreadyCollected',
    async run(sql, id) {
      const cancelled = await sql(
        'UPDATE shipments SET cancelled_at = now() WHERE id = $1 AND collected_at IS NULL RETURNING id',
        [id],
      );
      if (cancelled.length > 0) return undefined;
      return { code: 'AlreadyCollected', detail: 'The carrier has collected the parcel.' };
    },
  },
};
