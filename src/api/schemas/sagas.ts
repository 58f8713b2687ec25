/** Shapes that several operations on sagas share. */
import { z } from 'zod';
import { SAGA_ID_PATTERN } from '../../steering/saga-ids.js';
import { sagaStateSchema, time } from '../../steering/shapes.js';
import { text } from '../../platform/texts.js';

export const sagaParams = z.object({ sagaId: z.string().regex(SAGA_ID_PATTERN).meta({ example: 'order-4711' }) });

/** The author of a saga names its type and its steps; these are the longest names that can be asked for. */
const sagaType = z
  .string()
  .regex(/^[!-~]{1,100}$/, 'is the type of a saga')
  .meta({ example: 'OrderFulfillment' });
export const stepName = text(100).meta({ example: 'process_payment' });

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A hundred years: now minus that is still a time to PostgreSQL. */
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

/** The filter of sagas: the same in a list's query and in a bulk decision's body. */
export const sagaFilterShape = {
  state: sagaStateSchema.optional(),
  type: sagaType.optional(),
  blockedOn: stepName.optional(),
  olderThan: olderThan.optional(),
};

export const sagaEvent = z
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
