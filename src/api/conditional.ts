/** ETags: a reader hears that nothing has changed, an operator acts on what was seen and on nothing newer. */
import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { Problem, type ProblemDetails } from './problem.js';

/** The same for the same content, in whatever order its members come. */
export function etagOf(content: unknown): string {
  const text = JSON.stringify(content, (_key, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
}

const tagsIn = (header: string): string[] => header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));

/** Answers with JSON, or with 304 where the caller has this already. */
export function sendTagged(req: Request, res: Response, body: unknown, tag = etagOf(body)): void {
  res.set({ ETag: tag, 'Cache-Control': 'private, no-cache' });
  const known = req.get('if-none-match');
  const reads = req.method === 'GET' || req.method === 'HEAD';
  const same = reads && known !== undefined && tagsIn(known).some((each) => each === tag || each === '*');
  if (same) res.status(304).end();
  else res.json(body);
}

/** Does nothing without the header, so that `present` is asked for only where there is one. */
export async function requireMatch(
  req: Request,
  present: () => Promise<{ readonly tag: string; readonly details: ProblemDetails } | undefined>,
): Promise<void> {
  const wanted = req.get('if-match');
  if (wanted === undefined) return;
  const now = await present();
  if (now && tagsIn(wanted).some((tag) => tag === now.tag || tag === '*')) return;
  throw new Problem('PreconditionFailed', now?.details);
}
