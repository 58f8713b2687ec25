/**
 * ETags: a reader learns that nothing has changed, and an operator acts only on the state that was seen.
 *
 * A tag is strong: `"<state>.<content>.<bytes>"`, three hashes, so no two answers that differ share one. Several
 * sources show the same state at several times, each with a tag of its own, and all of them are current as long as
 * the state is. So `If-Match` takes a tag by its state, from the order and from the saga's status alike, and
 * `If-None-Match` by state and content.
 */
import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { Problem, type ProblemDetails } from '../../problems.js';
import { ALARMS } from '../../steering/status.js';
import type { SagaStatus } from '../../steering/shapes.js';

const hash = (text: string, length: number): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, length);

/** The same for the same content, in any order of its members. */
export function stateOf(content: unknown): string {
  const text = JSON.stringify(content, (_key, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return hash(text, 22);
}

/** Members that give the source and the time; `temporalStatus` is part of the state as far as it is an alarm. */
const TELLING: ReadonlySet<string> = new Set(['asOf', 'source', 'temporalStatus']);

const contentOf = (body: object): string =>
  stateOf(Object.fromEntries(Object.entries(body).filter(([name]) => !TELLING.has(name))));

/** The same for the same state. The source and the time of the answer are left out, because they do not change it. */
export const statusTag = ({ asOf: _asOf, source: _source, temporalStatus, ...content }: SagaStatus): string =>
  stateOf({ ...content, alarm: ALARMS.has(temporalStatus ?? '') });

interface Tag {
  readonly weak: boolean;
  readonly opaque: string;
}

const tagsIn = (header: string): Tag[] =>
  [...header.matchAll(/(W\/)?"([^"]*)"/g)].map(([, weak, opaque = '']) => ({ weak: weak !== undefined, opaque }));

/** Answers with JSON, or with 304 if the caller has this already. `If-Match` compares `state`. */
export function sendTagged(req: Request, res: Response, body: object, state = ''): void {
  const text = JSON.stringify(body);
  const current = `${state}.${contentOf(body)}.`;
  res.set({ ETag: `"${current}${hash(text, 22)}"`, 'Cache-Control': 'private, no-cache' });
  const reads = req.method === 'GET' || req.method === 'HEAD';
  const known = reads ? (req.get('if-none-match') ?? '') : '';
  const same = tagsIn(known).find(({ opaque }) => opaque.startsWith(current));
  // The answer that the caller has is the one that its tag names.
  if (same) res.set('ETag', `"${same.opaque}"`);
  if (same || known.trim() === '*') res.status(304).end();
  else res.type('json').send(text);
}

/**
 * `wanted` is the header `If-Match`. Without it this does nothing, and `present` is not called; its `tag` is the present
 * state. Tags are compared strongly, as RFC 9110 has it (13.1.1): a weak one never matches.
 *
 * @throws Problem `PreconditionFailed` with the present state
 */
export async function requireMatch(
  wanted: string | undefined,
  present: () => Promise<{ readonly tag: string; readonly details: ProblemDetails } | undefined>,
): Promise<void> {
  if (wanted === undefined) return;
  const now = await present();
  const matches = ({ weak, opaque }: Tag): boolean => !weak && opaque.split('.')[0] === now?.tag;
  if (now && (wanted.trim() === '*' || tagsIn(wanted).some(matches))) return;
  throw new Problem('PreconditionFailed', now?.details);
}
