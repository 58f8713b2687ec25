import { z } from 'zod';
import { operation } from '../operation.js';
import { auditFilterShape, auditPageSchema } from '../schemas/audit.js';
import { paging } from '../schemas/query.js';
import { STAFF } from '../../caller.js';

export const listAudit = operation(
  {
    id: 'listAudit',
    method: 'get',
    path: '/api/audit',
    tag: 'audit',
    roles: STAFF,
    summary: 'Decisions and denials, newest first',
    description:
      'Who has decided what, on which saga, why, when, with which outcome; attempts that were denied as well.',
    query: z.strictObject({ ...auditFilterShape, ...paging }),
    answers: { 200: { description: 'A page.', body: auditPageSchema } },
    problems: ['JournalUnavailable'],
  },
  ({ journal }) =>
    async ({ query: { cursor, limit, ...filter } }) => ({
      status: 200,
      body: await journal.audit.list(filter, { cursor, limit }),
    }),
);
