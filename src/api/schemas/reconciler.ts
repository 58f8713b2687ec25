/** The shapes of the reconciler's operations. */
import { z } from 'zod';
import { orderId, orderItem } from '../../orders/order-request.js';
import { actor, reason, requestId } from '../../steering/decision-request.js';
import { CAUSES } from '../../steering/reconciler/judge-standing.js';
import { money, orNull, time } from '../../steering/shapes.js';
import { dryRun, previewShape } from './preview.js';
import { next } from './query.js';

const finding = z
  .object({
    sagaId: z.string().meta({ example: 'order-4711' }),
    sagaType: z.string().nullable().meta({ description: 'Null, as `state` is, if the journal knows no such saga.' }),
    state: z.string().nullable().meta({ description: 'The state by its last stored event.' }),
    cause: z.enum(CAUSES).meta({
      description:
        '`RunTerminated`, `RunTimedOut`, `RunFailed`, `RunGone`: the run ended without a verdict; Temporal does not know a run ' +
        'that is gone. `NoSaga`: effects are live that no saga owns. `EffectsLeft`: effects are live although the verdict says ' +
        'that they were undone. `EffectsGone`: steps stand completed, and their effects are gone.',
    }),
    since: time.meta({ description: 'When its run ended; if that is not known, when it was found.' }),
    foundAt: time,
    seenAt: time.meta({ description: 'When the reconciler last looked at it.' }),
    holds: z.object({
      effects: z.array(z.object({ step: z.string(), effect: z.string(), id: z.string() })).readonly(),
      money: orNull(money).meta({ description: 'Captured less refunded, in minor units.' }),
      stock: z.array(orderItem.meta({ id: 'PreviewedItem' })).readonly(),
    }),
  })
  .meta({ id: 'Finding', description: 'A saga that was left behind, and what it still holds.' });

export const findingsPageSchema = z.object({ items: z.array(finding).readonly(), next }).meta({ id: 'FindingsPage' });

export const repairBody = z
  .strictObject({
    reason,
    actor,
    requestId: requestId.optional(),
    steps: z
      .array(z.enum(['reserve_inventory', 'process_payment', 'create_shipment']))
      .min(1)
      .max(3)
      .optional()
      .meta({ description: 'Only for a saga that has a verdict, which it keeps: the steps whose effects are undone.' }),
    ...dryRun,
  })
  .meta({ id: 'RepairRequest' });

const ids = { orderId: orderId.optional(), sagaId: z.string() };

const repaired = z
  .object({ ...ids, accepted: z.literal(true), state: z.string(), at: time, requestId: z.string() })
  .meta({ id: 'Repair', description: 'The repair runs: from now on the saga is steered as any other.' });

const repairPreview = z
  .object({
    dryRun: z.literal(true),
    ...ids,
    state: z.string(),
    blockedOn: z.string().nullable(),
    ...previewShape,
  })
  .meta({ id: 'RepairPreview', description: 'What the repair would undo, and the verdict that follows.' });

export const repairAnswer = z.union([repaired, repairPreview]);
