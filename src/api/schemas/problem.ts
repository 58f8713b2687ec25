import { z } from 'zod';
import { PROBLEMS } from '../../problems.js';
import { paused } from '../../steering/shapes.js';

/** RFC 9457, with a stable `code`. */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: '`/problems/<code>`: relative to the API, the page that explains the code.' }),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(PROBLEMS)),
    detail: z.string().optional(),
    errors: z
      .array(z.object({ field: z.string().meta({ example: 'items[0].productId' }), message: z.string() }))
      .optional(),
    orderId: z.string().optional(),
    sagaId: z.string().optional(),
    state: z.string().optional(),
    blockedOn: z.string().nullable().optional(),
    paused: paused.optional(),
    requestId: z.string().optional(),
    reason: z.string().optional().meta({ description: 'Of a 401 or 403: why, such as `TokenExpired`.' }),
    correlationId: z.string(),
  })
  .meta({ id: 'Problem' });
