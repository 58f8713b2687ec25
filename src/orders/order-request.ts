/** Requests about an order, the same by HTTP and by Kafka: to place it, and to cancel it. */
import { z } from 'zod';
import { CANCEL_REASONS, ORDER_ID_PATTERN } from '../order.js';
import { SHOWN_TEXT, actorName, text } from '../platform/texts.js';
import { looksLikeCardNumber } from '../platform/personal-data.js';

const DEMO = 'May be left out in development only, where the demo customer fills it in.';

/**
 * Also the subject of a token: up to 255 ASCII characters, as OpenID Connect has it, without control characters and
 * without blanks at its ends. https://openid.net/specs/openid-connect-core-1_0.html#IDToken
 */
export const CUSTOMER_ID_PATTERN = /^[!-~](?:[ -~]{0,253}[!-~])?$/;

const MAX_QUANTITY = 10_000;

export const orderId = z
  .string()
  .regex(ORDER_ID_PATTERN, 'is up to 64 letters, digits, "_" or "-", begins with a letter or digit, not with "order-"')
  .meta({ id: 'OrderId', example: '4711' });

/** An order's id becomes its workflow's id, and is in every log, so a new one must not look like a card number. */
const newOrderId = orderId.refine((id) => !looksLikeCardNumber(id), 'is no card number: 13 to 19 digits need a letter');

export const PRODUCT_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export const orderItem = z
  .strictObject({
    productId: z
      .string()
      .regex(PRODUCT_ID_PATTERN, 'is a product id: up to 64 letters, digits, ".", "_" or "-"')
      .meta({ example: '123' }),
    quantity: z.int('is a whole number').min(1, 'is at least 1').max(MAX_QUANTITY, `is at most ${MAX_QUANTITY}`),
  })
  .meta({ id: 'OrderItem' });

const shippingAddress = z
  .strictObject({
    name: text(200),
    street: text(200),
    city: text(200),
    postalCode: text(20),
    country: z.string().regex(/^[A-Z]{2}$/, 'is an ISO 3166-1 code of two capital letters'),
  })
  .meta({ id: 'ShippingAddress', description: DEMO });

const METADATA_PAIRS = 20;
const METADATA_KEY = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/;

const pairs = z
  .record(z.string().regex(METADATA_KEY, 'has keys of up to 40 letters, digits, "_", "." or "-"'), text(500))
  .refine((given) => Object.keys(given).length <= METADATA_PAIRS, `has at most ${METADATA_PAIRS} pairs`);

/** A record drops `__proto__`, which would be accepted and lost; so it is refused like any wrong key. */
const metadata = z
  .preprocess(
    (given) =>
      typeof given === 'object' && given !== null && Object.hasOwn(given, '__proto__') ? { ['__proto__ ']: '' } : given,
    pairs,
  )
  .meta({
    type: 'object',
    propertyNames: { pattern: METADATA_KEY.source },
    additionalProperties: { type: 'string', maxLength: 500, pattern: SHOWN_TEXT },
    description: `The shop's own: up to ${METADATA_PAIRS} short texts, kept with the order only. Part of what makes two requests the same.`,
    maxProperties: METADATA_PAIRS,
    example: { cart: 'c-17' },
  });

export const orderRequestSchema = z
  .strictObject({
    orderId: newOrderId.optional(),
    customerId: z
      .string()
      .regex(CUSTOMER_ID_PATTERN, 'is up to 255 visible ASCII characters')
      .meta({ description: DEMO, example: 'demo-customer' })
      .optional(),
    items: z
      .array(orderItem)
      .min(1, 'has at least one line')
      .max(100, 'has at most 100 lines')
      .meta({ description: `Lines of one product are merged; together they are at most ${MAX_QUANTITY}.` }),
    paymentMethod: z
      .string()
      .regex(
        /^(?![0-9_-]+$)[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/,
        'is a token of the payment provider (letters, digits, "_", "-"), never a card number',
      )
      .meta({ description: `A token of the payment provider, never a card number. ${DEMO}`, example: 'pm_demo' })
      .optional(),
    shippingAddress: shippingAddress.optional(),
    metadata: metadata.optional(),
  })
  .superRefine(({ items }, context) => {
    const totals = new Map<string, number>();
    for (const [index, { productId, quantity }] of items.entries()) {
      const total = (totals.get(productId) ?? 0) + quantity;
      totals.set(productId, total);
      if (total > MAX_QUANTITY && quantity <= MAX_QUANTITY) {
        const message = `makes more than ${MAX_QUANTITY} of one product together with the lines before it`;
        context.addIssue({ code: 'custom', path: ['items', index, 'quantity'], message });
      }
    }
  })
  .meta({ id: 'OrderRequest' });

export type OrderRequest = z.infer<typeof orderRequestSchema>;

const ONE_OF_THE_REASONS = `is one of ${CANCEL_REASONS.join(', ')}`;

/** Customers give a code, which is kept in the history; their own words are kept with the order only. */
export const cancelRequestSchema = z.strictObject({
  reason: z
    .enum(CANCEL_REASONS, { error: ({ input }) => (input === undefined ? 'is required' : ONE_OF_THE_REASONS) })
    .meta({
      description: 'Kept in the history.',
      example: 'ordered_by_mistake',
    }),
  comment: text(500)
    .meta({ description: "In the customer's own words. Kept with the order only, and forgotten with the customer." })
    .optional(),
  actor: actorName.optional(),
});
