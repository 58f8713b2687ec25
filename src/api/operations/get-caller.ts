import { z } from 'zod';
import { ROLES } from '../../caller.js';
import { time } from '../../steering/shapes.js';
import { operation } from '../operation.js';

const caller = z
  .object({
    roles: z.array(z.enum(ROLES)).readonly(),
    actor: z.string().nullable().meta({
      description: 'The name of this caller in histories and events; null if authentication is off.',
    }),
    customerId: z.string().nullable().meta({
      description: 'The customer whose orders are the only ones that this caller reaches; null for staff.',
    }),
    expiresAt: time.nullable().meta({ description: 'When the credentials expire; null if they do not.' }),
  })
  .meta({ id: 'Caller' });

export const getCaller = operation(
  {
    id: 'getCaller',
    method: 'get',
    path: '/api/caller',
    tag: 'access',
    roles: ROLES,
    summary: 'Who the caller is to the API, and with which roles',
    answers: { 200: { description: 'The caller.', body: caller } },
    problems: [],
  },
  () =>
    async ({ caller: { roles, actor = null, customerId = null, expiresAt } }) => {
      const expires = expiresAt === undefined ? null : new Date(expiresAt).toISOString();
      return { status: 200, body: { roles, actor, customerId, expiresAt: expires } };
    },
);
