/** The operators' decisions: one step of one saga, or many sagas at once. */
import { z } from 'zod';
import { decidedShape } from './orders.js';
import { action, actor, reason, requestId } from '../../steering/decision-request.js';
import { previewSchema } from './preview.js';
import { sagaFilterShape } from './sagas.js';

export const resolveDecisionSchema = z
  .object({
    ...decidedShape,
    step: z.string(),
    action,
    requestId: z.string(),
  })
  .meta({ id: 'ResolveDecision' });

export const bulkRequestSchema = z
  .strictObject({
    bulkId: requestId.optional().meta({
      description: 'The same id finds the decisions again: each saga gets the request id `bulkId:sagaId`.',
      example: 'outage-2026-11-24',
    }),
    filter: z.strictObject(sagaFilterShape).meta({ id: 'SagaFilter' }),
    action: action.exclude(['block']),
    reason,
    actor,
    dryRun: z.boolean().default(false).meta({ description: 'Lists what would be touched, and touches nothing.' }),
    limit: z.int().min(1).max(500).default(100).meta({ description: 'Sagas at once.' }),
  })
  .meta({ id: 'BulkResolveRequest' });

const bulkResult = z
  .object({
    sagaId: z.string(),
    step: z.string(),
    outcome: z.enum(['wouldResolve', 'accepted', 'refused', 'undecided', 'notTried']),
    code: z.string().optional().meta({ description: 'Why not: the code of a problem.' }),
    state: z.string().optional(),
    preview: previewSchema.optional().meta({ description: 'Of a dry run: what the decision would do.' }),
  })
  .meta({ id: 'BulkResult' });

export type BulkResult = z.infer<typeof bulkResult>;

export const bulkResponseSchema = z
  .object({
    bulkId: z.string(),
    dryRun: z.boolean(),
    results: z.array(bulkResult).readonly(),
    counts: z.record(z.string(), z.int()).meta({ description: 'How many results there are of each outcome.' }),
    more: z.boolean().meta({ description: 'There are more blocked sagas that the filter takes.' }),
  })
  .meta({ id: 'BulkResolveResponse' });
