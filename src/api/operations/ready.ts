import { operation, RETRY_AFTER } from '../operation.js';
import { watchDuties } from '../readiness.js';
import { readinessQuerySchema, readinessSchema } from '../schemas/health.js';

export const ready = operation(
  {
    id: 'ready',
    method: 'get',
    path: '/health/ready',
    tag: 'health',
    summary: 'What can be done at the moment: reading, placing, steering',
    query: readinessQuerySchema,
    answers: {
      200: {
        description: 'The duty that was asked for can be done; without one, orders can be read at least.',
        body: readinessSchema,
      },
      503: { description: 'It cannot, or the process is about to end.', headers: RETRY_AFTER, body: readinessSchema },
    },
    problems: ['HostNotAllowed'],
  },
  (deps) => {
    const look = watchDuties(deps);
    return async ({ query: { duty = 'reads' } }) => {
      const body = await look();
      if (body[duty] === 'up') return { status: 200, body };
      return { status: 503, headers: { 'Retry-After': '1' }, body };
    };
  },
);
