import { operation } from '../operation.js';
import { livenessSchema } from '../schemas/health.js';

export const live = operation(
  {
    id: 'live',
    method: 'get',
    path: '/health/live',
    tag: 'health',
    summary: 'This process answers',
    answers: { 200: { description: 'It lives.', body: livenessSchema } },
    problems: ['HostNotAllowed'],
  },
  () => async () => ({ status: 200, body: { status: 'live' as const } }),
);
