import { z } from 'zod';

export const livenessSchema = z.object({ status: z.literal('live') }).meta({ id: 'Liveness' });

const reachable = z.enum(['up', 'down']);

export const readinessSchema = z
  .object({ status: z.enum(['ready', 'unavailable']), postgresql: reachable, temporal: reachable })
  .meta({ id: 'Readiness' });

export type Readiness = z.infer<typeof readinessSchema>;
