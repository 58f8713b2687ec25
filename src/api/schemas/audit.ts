/** The audit in queries and answers. */
import { z } from 'zod';
import { ACTOR_KINDS, AUDIT_DOORS, AUDIT_OUTCOMES } from '../../journal/decisions/audit-row.js';
import { text } from '../../platform/texts.js';
import { SAGA_ID_PATTERN } from '../../steering/saga-ids.js';
import { time } from '../../steering/shapes.js';
import { instant, next } from './query.js';

export const auditFilterShape = {
  sagaId: z.string().regex(SAGA_ID_PATTERN, 'is the id of a saga').optional(),
  actor: text(255).optional().meta({ description: 'Who decided, exactly as the audit has it.' }),
  action: z
    .string()
    .regex(/^[A-Za-z.-]{1,50}$/, 'is an action')
    .optional()
    .meta({ example: 'retry' }),
  outcome: z.enum(AUDIT_OUTCOMES).optional(),
  from: instant.optional().meta({ description: 'Included.' }),
  to: instant.optional().meta({ description: 'Not included.' }),
};

export const auditRowSchema = z
  .object({
    id: z.string(),
    at: time.meta({ description: 'When it was answered; of a decision with an unknown outcome, when it was asked.' }),
    door: z
      .enum(AUDIT_DOORS)
      .meta({ description: '`saga`: recorded by the saga alone; it came by Temporal itself, say.' }),
    actor: z.string().meta({ description: '`customer` for any customer.' }),
    kind: z.enum(ACTOR_KINDS),
    roles: z.array(z.string()).readonly(),
    action: z.string().meta({ example: 'retry' }),
    sagaId: z.string().nullable(),
    step: z.string().nullable(),
    subject: z.string().nullable().meta({ description: 'Of a decision on something else than a saga.' }),
    reason: z.string().nullable(),
    requestId: z.string().nullable(),
    correlationId: z.string().nullable(),
    outcome: z.enum(AUDIT_OUTCOMES).meta({
      description:
        '`denied`: not allowed. `refused`: allowed, and it did not apply. `undecided`: answered with 503. `unknown`: it is ' +
        'under way, or its process died before the answer.',
    }),
    code: z.string().nullable().meta({ description: 'Of the problem with which it was refused or denied.' }),
  })
  .meta({ id: 'AuditRow' });

export const auditPageSchema = z.object({ items: z.array(auditRowSchema).readonly(), next }).meta({ id: 'AuditPage' });
