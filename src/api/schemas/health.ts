import { z } from 'zod';

export const livenessSchema = z.object({ status: z.literal('live') }).meta({ id: 'Liveness' });

const reachable = z.enum(['up', 'down']);

const DUTIES = ['reads', 'places', 'steers'] as const;

export const readinessQuerySchema = z.strictObject({
  duty: z
    .enum(DUTIES, `is one of ${DUTIES.join(', ')}`)
    .optional()
    .meta({
      description:
        'Answers 503 unless this duty can be done. Without it 503 says that none can, or that the process ends.',
    }),
});

export const readinessSchema = z
  .object({
    status: z.enum(['ready', 'degraded', 'unavailable']).meta({
      description:
        '`ready`: every duty can be done. `degraded`: some of them. `unavailable`: none, or the process ends.',
    }),
    reads: reachable.meta({ description: 'Orders and their status can be read: PostgreSQL answers.' }),
    places: reachable.meta({
      description:
        'Orders can be placed: PostgreSQL and Temporal answer, PostgreSQL takes writes, and the embedded servers have room.',
    }),
    steers: reachable.meta({
      description: 'Decisions can be made: PostgreSQL and Temporal answer, and PostgreSQL takes writes.',
    }),
    postgresql: reachable,
    temporal: reachable,
    writes: reachable.meta({ description: 'PostgreSQL took a small write, seconds ago at most.' }),
    reasons: z.array(z.string()).meta({ description: 'Why a duty cannot be done, a sentence each; empty if all can.' }),
    clockDifferenceMs: z.int().nullable().meta({
      description: "Temporal's time minus this process's, in milliseconds; null while it is not known.",
    }),
  })
  .meta({ id: 'Readiness' });

export type Readiness = z.infer<typeof readinessSchema>;
