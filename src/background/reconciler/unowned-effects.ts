/** Live effects of the services that no saga owns, or that belong to a saga that says that they were undone. */
import { escapeIdentifier } from 'pg';
import { readLivePage, type LiveKind } from '../../oracle/read-books.js';
import { STEP_OF } from '../../order.js';
import { placeOf } from './places.js';
import type { ReconcilerDeps, Suspects, Walk } from './walk.js';

const KINDS: readonly LiveKind[] = ['reservation', 'payment', 'shipment'];

/** A round over each service's live effects, in the order of their ids. The time of the walk is shared by the services. */
export const unownedEffects: Walk = async function* (deps, until) {
  for (const [index, kind] of KINDS.entries()) {
    const share = Date.now() + (until - Date.now()) / (KINDS.length - index);
    yield* effectsOf(deps, share, kind);
  }
};

async function* effectsOf(deps: ReconcilerDeps, until: number, kind: LiveKind): AsyncGenerator<Suspects> {
  const walk = `unowned-${kind}`;
  let cursor: string | null = await placeOf(deps.pool, deps.schema, walk);
  while (Date.now() < until) {
    const page: { readonly ids: readonly string[]; readonly next: string | null } = await readLivePage(
      deps.books,
      kind,
      cursor,
    );
    cursor = page.next ?? '';
    const rounded = page.next === null;
    yield { sagaIds: await withoutOwner(deps, page.ids, kind), place: { walk, at: cursor, rounded } };
    if (rounded) return;
  }
}

/** The ids that the journal does not know, and those of sagas that were undone without a waiver of this effect. */
async function withoutOwner(
  { pool, schema }: ReconcilerDeps,
  ids: readonly string[],
  kind: LiveKind,
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT live.id FROM unnest($1::text[]) AS live (id)
     LEFT JOIN ${escapeIdentifier(schema)}.sagas AS saga ON saga.saga_id = live.id
     WHERE saga.saga_id IS NULL
       OR saga.state IN ('FAILED', 'CANCELLED') AND NOT saga.waivers @> jsonb_build_array(jsonb_build_object('step', $2::text))`,
    [ids, STEP_OF[kind]],
  );
  return rows.map(({ id }) => id);
}
