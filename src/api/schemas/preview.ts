/** Dry runs: the same request with `dryRun` answers what it would do. */
import { z } from 'zod';
import { cancelRequestSchema, orderId, orderItem } from '../../orders/order-request.js';
import { decisionRequestSchema, resolveRequestSchema } from '../../steering/decision-request.js';
import { money, orNull } from '../../steering/shapes.js';

export const dryRun = {
  dryRun: z.boolean().default(false).meta({
    description: 'True: nothing is decided. The answer is a `Preview`: what the decision would do.',
  }),
};

export const cancelBody = cancelRequestSchema.safeExtend(dryRun).meta({ id: 'CancelRequest' });
export const decisionBody = decisionRequestSchema.safeExtend(dryRun).meta({ id: 'DecisionRequest' });
export const resolveBody = resolveRequestSchema.safeExtend(dryRun).meta({ id: 'ResolveRequest' });

const effect = z
  .object({
    step: z.string(),
    effect: z.string().nullable().meta({ description: "Null for a saga that is no order's.", example: 'payment' }),
    id: z.string().meta({ description: 'At its participant.' }),
    becomes: z.enum(['undone', 'kept', 'nothingToDo', 'made']).meta({
      description: '`made`: the saga goes forward and makes it. `nothingToDo`: nothing is there to be undone.',
    }),
    certain: z.boolean().meta({
      description: 'False while its action is under way, and if neither the books nor the journal know it.',
    }),
  })
  .meta({ id: 'PreviewedEffect' });

const item = orderItem.meta({ id: 'PreviewedItem' });

/** The content of a preview, without the saga's ids. */
export const previewShape = {
  applies: z.boolean(),
  code: z.string().nullable().meta({ description: 'With which the decision would be refused; null if it applies.' }),
  effects: z.array(effect).readonly(),
  money: z
    .object({ refunded: orNull(money), kept: orNull(money), charged: orNull(money) })
    .meta({ description: 'To the cent. `charged`: what the order still has to pay.' }),
  stock: z.object({ released: z.array(item).readonly(), held: z.array(item).readonly() }),
  notice: orNull(z.object({ kind: z.enum(['confirmation', 'cancellation']), id: z.string() })).meta({
    description: 'The mail that goes out to the customer.',
  }),
  verdict: orNull(z.object({ state: z.string(), reason: z.string().nullable() })).meta({
    description: 'Null if the saga goes on to wait.',
  }),
  waived: z.array(z.string()).readonly().meta({ description: 'Steps that the verdict would list as waived.' }),
  basis: z.enum(['books', 'journal']).meta({
    description: "`books`: the services' live effects were read. `journal`: they could not be, or it is no order.",
  }),
};

export const previewSchema = z
  .object({
    dryRun: z.literal(true),
    orderId: orderId.optional(),
    sagaId: z.string(),
    state: z.string(),
    blockedOn: z.string().nullable(),
    ...previewShape,
  })
  .meta({
    id: 'Preview',
    description: 'What the decision would do if each call succeeds, and if nothing else happens in between.',
  });
