/** The shapes of sagas in answers: one source for types and the OpenAPI document. */
import { z } from 'zod';

export const time = z.iso.datetime();

export const sagaStateSchema = z
  .enum(['STARTED', 'PENDING', 'COMPENSATING', 'COMPLETED', 'FAILED', 'CANCELLED'])
  .meta({ id: 'SagaState' });

const step = z
  .object({
    name: z.string(),
    kind: z.enum(['compensatable', 'pivot', 'retriable']),
    status: z.enum([
      ...(['pending', 'executing', 'completed', 'failed', 'compensating', 'compensated'] as const),
      ...(['unknown', 'nothingToDo', 'skipped'] as const),
    ]),
    result: z.unknown().optional(),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
    executedAt: time.optional(),
    timeoutAt: time.optional(),
    compensatedAt: time.optional(),
    attempts: z.int(),
  })
  .meta({ id: 'SagaStep' });

const waiver = z.object({ step: z.string(), actor: z.string(), reason: z.string() }).meta({ id: 'Waiver' });

/** The result of a closed saga's workflow, which is readable without a worker. */
export const sagaOutcomeSchema = z.object({
  state: z.enum(['COMPLETED', 'FAILED', 'CANCELLED']),
  reason: z.string().nullable().default(null),
  data: z.record(z.string(), z.unknown()).default({}),
  waivers: z.array(waiver).default([]),
  deadLetters: z.array(z.string()).default([]),
});

/** A named schema must not be made nullable itself, because it would be nullable at every use. */
export const orNull = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, z.null()]);

export const money = z.object({ amount: z.int(), currency: z.string() }).meta({ id: 'Money' });

export const paused = z.object({ by: z.string(), reason: z.string(), since: time.optional() }).meta({
  id: 'Pause',
  description: 'The workflow is paused in Temporal: by whom, why, since when. Absent if it is not.',
});

const awaited = z.object({ approval: z.string(), until: time });

/** The approval that has waited longest, and those that wait beside it. */
export const waitingFor = awaited.safeExtend({ also: z.array(awaited).readonly().optional() }).nullable();

/** All fields of a saga's record. */
export const sagaRecordShape = {
  sagaId: z.string().meta({ example: 'order-4711' }),
  sagaType: z.string(),
  state: sagaStateSchema,
  data: z.record(z.string(), z.unknown()).readonly().meta({ description: 'Ids and totals.' }),
  currentStep: z.string().nullable(),
  blockedOn: z.string().nullable().meta({ description: 'The step that waits for an operator.' }),
  waitingFor,
  reason: z.string().nullable().meta({ description: 'Why it failed or was cancelled.' }),
  steps: z.array(step).readonly(),
  waivers: z.array(waiver).readonly(),
  deadLetters: z.array(z.string()).readonly(),
  createdAt: time,
  updatedAt: time,
};

export const sagaStatusSchema = z
  .object({
    ...sagaRecordShape,
    currentStep: sagaRecordShape.currentStep.optional(),
    blockedOn: sagaRecordShape.blockedOn.optional(),
    waitingFor: waitingFor.optional(),
    reason: sagaRecordShape.reason.optional(),
    steps: sagaRecordShape.steps.optional(),
    waivers: sagaRecordShape.waivers.optional(),
    deadLetters: sagaRecordShape.deadLetters.optional(),
    updatedAt: time.optional(),
    paused: paused.optional(),
    asOf: time.meta({ description: 'When this was true.' }),
    source: z.enum(['readModel', 'workflow', 'temporal', 'orders']).meta({
      description:
        'Who said it. `readModel`: the journal, everything is there. `workflow`: the saga itself, everything is there. `temporal`: Temporal, with no worker answering; ' +
        'between start and end the state may be older than it looks. `orders`: the orders table, with Temporal away.',
    }),
    temporalStatus: z
      .string()
      .optional()
      .meta({
        description:
          "Temporal's status of the workflow. `FAILED`, `TIMED_OUT` and `TERMINATED` are alarms: the saga has stopped " +
          'in the given state. `NOT_FOUND`: Temporal knows nothing of it (any more).',
      }),
  })
  .meta({ id: 'SagaStatus', description: 'Members that the source does not know are absent.' });

export type SagaStatus = z.infer<typeof sagaStatusSchema>;
