import { once } from 'node:events';
import { z } from 'zod';
import type { AuditRow } from '../../journal/decisions/audit-row.js';
import { operation } from '../operation.js';
import { auditFilterShape, auditRowSchema } from '../schemas/audit.js';
import { STAFF } from '../../caller.js';

const PAGE = 500;

const COLUMNS = [
  ...(['at', 'outcome', 'code', 'action', 'sagaId', 'step', 'subject', 'actor', 'kind', 'roles', 'door'] as const),
  ...(['reason', 'requestId', 'correlationId', 'id'] as const),
] satisfies (keyof AuditRow)[];

/** RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe. */
function cellOf(value: string | readonly string[] | null): string {
  const text = value === null ? '' : typeof value === 'string' ? value : value.join(' ');
  const safe = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const FORMATS = {
  ndjson: {
    type: 'application/x-ndjson',
    head: '',
    lineOf: (row: AuditRow) => `${JSON.stringify(row)}\n`,
  },
  csv: {
    type: 'text/csv',
    head: `${COLUMNS.join(',')}\r\n`,
    lineOf: (row: AuditRow) => `${COLUMNS.map((column) => cellOf(row[column])).join(',')}\r\n`,
  },
};

const query = z.strictObject({
  format: z.enum(['csv', 'ndjson']).default('ndjson'),
  ...auditFilterShape,
});

/** Page by page, so that only one page is in memory. */
export const exportAudit = operation(
  {
    id: 'exportAudit',
    method: 'get',
    path: '/api/audit/export',
    tag: 'audit',
    roles: STAFF,
    summary: 'The audit as a file',
    description:
      'The same rows as the list, all of them: a JSON object a line, or CSV with `format=csv`. A connection that breaks ' +
      'before the end means that the file is not whole.',
    query,
    answers: {
      200: {
        description: 'A row a line.',
        type: 'application/x-ndjson',
        otherTypes: ['text/csv'],
        body: auditRowSchema,
      },
    },
    problems: ['JournalUnavailable'],
  },
  ({ journal }) =>
    async ({ req, res, query: { format, ...filter } }) => {
      const { type, head, lineOf } = FORMATS[format];
      let page = await journal.audit.list(filter, { limit: PAGE });
      res.type(type).set('Content-Disposition', `attachment; filename="audit.${format}"`);
      if (req.method !== 'HEAD') {
        res.write(head);
        for (;;) {
          const isTaken = res.write(page.items.map(lineOf).join(''));
          if (!isTaken && !res.destroyed) await Promise.race([once(res, 'drain'), once(res, 'close')]);
          if (page.next === null || res.destroyed) break;
          page = await journal.audit.list(filter, { cursor: page.next, limit: PAGE });
        }
      }
      res.end();
      return undefined;
    },
);
