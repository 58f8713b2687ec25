/** Sagas of the journal that may have been left behind: the open ones, those with several branches, and the findings. */
import { escapeIdentifier } from 'pg';
import { idIs } from '../../journal/audit/runs.js';
import { askTemporal } from '../../platform/temporal/ask.js';
import { placeOf } from './places.js';
import type { ReconcilerDeps, Suspects, Walk } from './walk.js';

const PAGE = 100;
const ASK_WITHIN_MS = 10_000;

/** Closes the findings that are gone; those that were looked at longest ago come first. */
export const knownFindings: Walk = async function* ({ pool, schema }, until) {
  const begun = new Date();
  while (Date.now() < until) {
    const { rows } = await pool.query<{ saga_id: string }>(
      `SELECT saga_id FROM ${escapeIdentifier(schema)}.findings WHERE closed_at IS NULL AND seen_at < $1
       ORDER BY seen_at, id LIMIT ${PAGE}`,
      [begun],
    );
    if (rows.length === 0) return;
    yield { sagaIds: rows.map((row) => row.saga_id) };
    if (rows.length < PAGE) return;
  }
};

/** Open sagas that Temporal does not list as running: their run was deleted, or its retention is over. */
export const openSagas: Walk = (deps, until) =>
  bySagaId(deps, until, {
    walk: 'open-sagas',
    condition: `state IN ('STARTED', 'PENDING', 'COMPENSATING')`,
    suspect: (ids) => notRunning(deps, ids),
  });

/** Sagas that were reset: the effects of a superseded branch may be left, and those of the new one may be gone. */
export const movedSagas: Walk = (deps, until) =>
  bySagaId(deps, until, { walk: 'moved-sagas', condition: 'branch > 0', suspect: async (ids) => ids });

interface Round {
  readonly walk: string;
  readonly condition: string;
  readonly suspect: (ids: readonly string[]) => Promise<readonly string[]>;
}

/** A round over the sagas in the order of their ids; it ends at the last of them, and the next run begins again. */
async function* bySagaId(
  { pool, schema }: ReconcilerDeps,
  until: number,
  { walk, condition, suspect }: Round,
): AsyncGenerator<Suspects> {
  let after = await placeOf(pool, schema, walk);
  while (Date.now() < until) {
    const { rows } = await pool.query<{ saga_id: string }>(
      `SELECT saga_id FROM ${escapeIdentifier(schema)}.sagas WHERE ${condition} AND saga_id > $1
       ORDER BY saga_id LIMIT ${PAGE}`,
      [after],
    );
    const ids = rows.map((row) => row.saga_id);
    const rounded = ids.length < PAGE;
    after = rounded ? '' : (ids.at(-1) ?? '');
    yield { sagaIds: await suspect(ids), place: { walk, at: after, rounded } };
    if (rounded) return;
  }
}

const LIVE: ReadonlySet<string> = new Set(['RUNNING', 'PAUSED']);

async function notRunning({ temporal }: ReconcilerDeps, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const live = await askTemporal(temporal, ASK_WITHIN_MS, async () => {
    const found = new Set<string>();
    const query = ids.map(idIs).join(' OR ');
    for await (const { workflowId, status } of temporal.workflow.list({ query })) {
      if (LIVE.has(status.name)) found.add(workflowId);
    }
    return found;
  });
  return ids.filter((id) => !live.has(id));
}
