/** Pages of orders, sagas and events: what may be asked for, and what is answered. */
import { z } from 'zod';
import { parseTime } from '../../platform/database/times.js';
import { CUSTOMER_ID_PATTERN, orderId, orderLinksSchema, owner, PRODUCT_ID_PATTERN, text } from './orders.js';
import { money, orNull, sagaRecordShape, sagaStateSchema, time, waitingFor } from '../../steering/shapes.js';

/** A number in a query; a list of numbers (`limit=1&limit=2`) is none. */
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'is a whole number')
    .transform(Number)
    .pipe(z.int().min(min, `is at least ${min}`).max(max, `is at most ${max}`))
    .meta({ type: 'integer', minimum: min, maximum: max, pattern: undefined });

const limit = whole(1, 200)
  .optional()
  .transform((value) => value ?? 50)
  .meta({ type: 'integer', minimum: 1, maximum: 200, default: 50 });

const paging = {
  cursor: z.string().min(1).max(500).optional().meta({ description: '`next` of the page before.' }),
  limit,
};

/** RFC 3339 with `Z` or an offset, in the years 1 to 9999; what comes out of it PostgreSQL takes. */
const instant = z
  .string()
  .transform((text, context) => {
    const time = parseTime(text);
    if (time !== undefined) return time;
    context.addIssue('is a time such as 2026-01-31T00:00:00Z, in the years 1 to 9999');
    return z.NEVER;
  })
  .meta({ type: 'string', format: 'date-time' });

const yesNo = z.enum(['true', 'false']).transform((text) => text === 'true');

/** `state=FAILED,CANCELLED`, or the parameter several times; each one counts once. At fault is the parameter. */
const several = <Item extends string>(item: z.ZodType<Item, string>, items: object, what: string) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((given, context) => {
      const values = [...new Set([given].flat().flatMap((text) => text.split(',')))];
      const parsed = z.array(item).max(MOST_OF_SEVERAL, `are at most ${MOST_OF_SEVERAL}`).safeParse(values);
      if (parsed.success) return parsed.data;
      context.addIssue(parsed.error.issues[0]?.message ?? `are ${what}`);
      return z.NEVER;
    })
    .meta({
      type: 'array',
      items,
      minItems: 1,
      maxItems: MOST_OF_SEVERAL,
      anyOf: undefined,
      description: `Any of these ${what}: the parameter several times, or once with commas between.`,
    });

const MOST_OF_SEVERAL = 20;

export const orderListQuerySchema = z.strictObject({
  state: several(sagaStateSchema, { $ref: '#/components/schemas/SagaState' }, 'states').optional(),
  waitsForApproval: yesNo
    .optional()
    .meta({ type: 'boolean', description: '`true`: only those that wait for an approval.' }),
  productId: z
    .string()
    .regex(PRODUCT_ID_PATTERN, 'is the id of a product')
    .optional()
    .meta({ description: 'Orders with a line of this product.' }),
  customerId: z.string().regex(CUSTOMER_ID_PATTERN, 'is the id of a customer').optional(),
  from: instant.optional().meta({ description: 'The order was created then or later, whatever else is asked for.' }),
  to: instant.optional().meta({ description: 'The order was created before then.' }),
  updatedFrom: instant.optional().meta({
    description:
      'Its saga changed last then or later. With this or `updatedTo` the list is sorted by `updatedAt`, oldest first.',
  }),
  updatedTo: instant.optional().meta({ description: 'Its saga changed last before then.' }),
  ...paging,
});

const orderSummary = z
  .object({
    orderId,
    sagaId: z.string(),
    customerId: owner,
    createdAt: time,
    startedAt: time.nullable(),
    state: sagaStateSchema,
    reason: z.string().nullable(),
    blockedOn: z.string().nullable(),
    waitingFor,
    total: orNull(money),
    updatedAt: time,
    asOf: time,
    links: orderLinksSchema,
  })
  .meta({ id: 'OrderSummary' });

const next = z.string().nullable().meta({ description: 'The cursor of the next page; null after the last one.' });

export const orderListSchema = z.object({ items: z.array(orderSummary).readonly(), next }).meta({ id: 'OrderList' });
export type OrderList = z.infer<typeof orderListSchema>;

/** Whoever writes a saga names its type and its steps; these are the longest that can be asked for. */
const sagaType = z
  .string()
  .regex(/^[!-~]{1,100}$/, 'is the type of a saga')
  .meta({ example: 'OrderFulfillment' });
export const stepName = text(100).meta({ example: 'process_payment' });

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A hundred years: what is subtracted from now is still a time to PostgreSQL. */
const LONGEST_DAYS = 36_500;

/** `30s`, `10m`, `2h`, `7d`; a plain number is seconds. In milliseconds. */
const olderThan = z
  .string()
  .regex(/^\d{1,13}(?:ms|s|m|h|d)?$/, 'is a duration such as 10m (ms, s, m, h or d)')
  .transform((text) => Number.parseInt(text, 10) * (UNITS[text.replace(/^\d+/, '')] ?? 1_000))
  .refine((duration) => duration <= LONGEST_DAYS * 86_400_000, `is at most ${LONGEST_DAYS}d`)
  .meta({
    type: 'string',
    description: `Time since its last event: \`30s\`, \`10m\`, \`2h\`, \`7d\`; at most \`${LONGEST_DAYS}d\`.`,
    example: '10m',
  });

/** Which sagas: the same in a list's query and in a bulk decision's body. */
const sagaFilterShape = {
  state: sagaStateSchema.optional(),
  type: sagaType.optional(),
  blockedOn: stepName.optional(),
  olderThan: olderThan.optional(),
};

export const sagaListQuerySchema = z.strictObject({ ...sagaFilterShape, ...paging });

export const sagaFilterSchema = z.strictObject(sagaFilterShape).meta({ id: 'SagaFilter' });

export const sagaListSchema = z
  .object({
    items: z
      .array(
        z
          .object({ ...sagaRecordShape, version: z.int(), branch: z.int(), behindGap: z.boolean(), asOf: time })
          .meta({ id: 'SagaView' }),
      )
      .readonly(),
    next,
  })
  .meta({ id: 'SagaList' });
export type SagaList = z.infer<typeof sagaListSchema>;

export const eventListQuerySchema = z.strictObject({
  after: whole(0, 999_999_999_999_999).optional().meta({ type: 'integer', minimum: 0, description: 'A position.' }),
  limit,
  allBranches: yesNo
    .optional()
    .transform((value) => value ?? false)
    .meta({
      type: 'boolean',
      default: false,
      description: 'Also what a reset has superseded.',
    }),
});

const sagaEvent = z
  .object({
    id: z.string(),
    sagaId: z.string(),
    branch: z.int(),
    seq: z.int(),
    position: z.int(),
    type: z.string().meta({ example: 'SagaStepCompleted' }),
    data: z.looseObject({ type: z.string() }).readonly(),
    at: time,
    runId: z.string(),
    correlationId: z.string().nullable(),
    causationId: z.string().nullable(),
    supersededBy: z.int().nullable(),
  })
  .meta({ id: 'SagaEvent' });

export const eventListSchema = z
  .object({
    sagaId: z.string(),
    items: z.array(sagaEvent).readonly(),
    next: z.int().nullable().meta({ description: '`after` of the next page; null where there are no more as yet.' }),
  })
  .meta({ id: 'EventList' });

/** What an `EventSource` can say in its address only. */
export const streamQuerySchema = z.strictObject({
  ticket: z
    .string()
    .regex(/^[\w.-]{1,2000}$/)
    .optional()
    .meta({ description: 'From `createStreamTicket`, instead of other credentials.' }),
  after: whole(0, 999_999_999_999_999)
    .optional()
    .meta({ type: 'integer', minimum: 0, description: 'The position after which to begin; `Last-Event-ID` wins.' }),
});

export const streamTicketSchema = z
  .object({
    sagaId: z.string(),
    stream: z.string().meta({ description: 'The address of the stream, with the ticket in it.' }),
    expiresAt: time.meta({ description: 'The stream has to be opened before; it goes on afterwards.' }),
  })
  .meta({ id: 'StreamTicket' });
export type StreamTicket = z.infer<typeof streamTicketSchema>;
/** As in the audit trail: `SagaBlocked`, `OrderFulfillmentFailed`. */
const eventType = z.string().regex(/^[!-~]{1,120}$/, 'is the type of an event');

export const allEventsQuerySchema = z.strictObject({
  type: several(eventType, { type: 'string', example: 'SagaBlocked' }, 'types').optional(),
  after: whole(0, 999_999_999_999_999).optional().meta({
    type: 'integer',
    minimum: 0,
    description:
      'The position of an event: those behind it. To go on from a page its `next` is the place, as `cursor`.',
  }),
  ...paging,
});

export const allEventsSchema = z
  .object({
    items: z.array(sagaEvent).readonly(),
    next: z.string().meta({ description: '`cursor` of the next page, also if there is nothing more as yet.' }),
    more: z.boolean().meta({ description: 'There may be more at once.' }),
    asOf: time.meta({ description: 'What was confirmed by then was looked at.' }),
  })
  .meta({ id: 'AllEvents' });
