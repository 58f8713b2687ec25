import { z } from 'zod';
import { STAFF } from '../../../caller.js';
import { operation } from '../../operation.js';
import { paging } from '../../schemas/query.js';
import { findingsPageSchema } from '../../schemas/reconciler.js';

export const listFindings = operation(
  {
    id: 'listFindings',
    method: 'get',
    path: '/api/reconciler',
    tag: 'reconciler',
    roles: STAFF,
    summary: 'Sagas that were left behind, the longest known first',
    description:
      'Sagas whose run ended without a verdict, and effects that no saga owns, with what they hold. A finding that is gone ' +
      'leaves the list by itself.',
    query: z.strictObject(paging),
    answers: { 200: { description: 'A page.', body: findingsPageSchema } },
    problems: ['JournalUnavailable'],
  },
  ({ journal }) =>
    async ({ query }) => {
      const { items, next } = await journal.findings.list(query);
      return { status: 200, body: { items: items as never, next } };
    },
);
