/**
 * The reconciler (rule 27): finds sagas whose run ended without a verdict, and effects that no saga owns. It undoes nothing:
 * an operator orders each repair. Every walk keeps its place in a table, so that a killed job goes on where it was.
 */
import { escapeIdentifier } from 'pg';
import { closeFinding, storeFinding } from '../../journal/findings/findings.js';
import { inTransaction } from '../../platform/database/transaction.js';
import { inParallel } from '../../platform/in-parallel.js';
import { holdsOf, judgeStanding, provesThatNothingIsLeft } from '../../steering/reconciler/judge-standing.js';
import { readStanding } from '../../steering/reconciler/standing.js';
import { LeaseLostError } from '../job-lease.js';
import type { Job, JobRun, JobStatus } from '../job.js';
import type { ReconcilerDeps, Suspects, Walk } from './walk.js';
import { endedRuns } from './ended-runs.js';
import { knownFindings, movedSagas, openSagas } from './suspects-in-journal.js';
import { unownedEffects } from './unowned-effects.js';

const WALKS: readonly Walk[] = [knownFindings, endedRuns, openSagas, movedSagas, unownedEffects];

/** Milliseconds for each walk in one run; a walk that is not through goes on in the next run. */
const WALK_MS = 10_000;
const AT_ONCE = 8;

/** The name of the job. */
export const RECONCILER = 'reconciler';

/** At most five minutes from the end of a run to its finding. */
export const reconcile = (open: () => Promise<ReconcilerDeps>): Job => ({
  name: RECONCILER,
  pauseMs: 20_000,
  limitMs: 120_000,
  run: async (run) => lookOver(await open(), run),
});

/** One run. Also for tests, without a driver. */
export async function lookOver(deps: ReconcilerDeps, run: JobRun, walks = WALKS): Promise<JobStatus> {
  let [looked, found, closed, unread] = [0, 0, 0, 0];
  for (const walk of walks) {
    for await (const { sagaIds, place } of walk(deps, Date.now() + WALK_MS)) {
      run.signal.throwIfAborted();
      const changes = await lookAtAll(deps, run, sagaIds);
      looked += changes.length;
      unread += changes.filter((change) => change === 'unread').length;
      found += changes.filter((change) => change === 'found').length;
      closed += changes.filter((change) => change === 'closed').length;
      if (place) await keepPlace(deps, run, place);
    }
  }
  return { looked, found, closed, unread };
}

type Change = 'found' | 'closed' | 'same';

/** A saga that cannot be looked at does not stop the others (rule 41): it is logged, and looked at again in the next round. */
async function lookAtAll(
  deps: ReconcilerDeps,
  run: JobRun,
  sagaIds: readonly string[],
): Promise<readonly (Change | 'unread')[]> {
  const failures: unknown[] = [];
  const changes = await inParallel(AT_ONCE, sagaIds, async (sagaId) => {
    try {
      return await lookAt(deps, run, sagaId);
    } catch (error) {
      if (run.signal.aborted || error instanceof LeaseLostError) throw error;
      deps.logger.warn({ sagaId, err: error }, 'the reconciler cannot look at a saga');
      failures.push(error);
      return 'unread';
    }
  });
  // If none can be looked at, it is not the sagas that are at fault.
  if (failures.length > 1 && failures.length === changes.length) throw failures[0];
  return changes;
}

/** Judges one saga, and stores or closes its finding. A saga that moves while it is looked at is left for the next look. */
async function lookAt(deps: ReconcilerDeps, run: JobRun, sagaId: string): Promise<Change> {
  const standing = await readStanding(deps, sagaId);
  const cause = judgeStanding(standing);
  const {
    saga,
    effects,
    run: { closedAt },
  } = standing;
  if (cause === undefined && !provesThatNothingIsLeft(standing)) return 'same';
  if (cause === 'EffectsGone' && standing.run.is === 'lives') {
    const again = await deps.journal.getSaga(sagaId);
    if (again?.version !== saga?.version) return 'same';
  }
  return await inTransaction(deps.pool, async (client) => {
    await run.fence(client);
    const schema = escapeIdentifier(deps.schema);
    if (cause === undefined) {
      const isClosed = await closeFinding(client, schema, sagaId);
      if (isClosed) deps.logger.info({ sagaId }, 'a finding of the reconciler is gone');
      return isClosed ? 'closed' : 'same';
    }
    const since = (cause.startsWith('Run') ? closedAt : undefined) ?? new Date().toISOString();
    const about = { sagaId, sagaType: saga?.sagaType ?? null, state: saga?.state ?? null, cause, since };
    const isNew = await storeFinding(client, schema, { ...about, holds: holdsOf(effects) });
    if (isNew) deps.logger.warn(about, 'a saga was left behind: an operator can have it repaired');
    return isNew ? 'found' : 'same';
  });
}

async function keepPlace(
  { pool, schema }: ReconcilerDeps,
  run: JobRun,
  { walk, at, rounded }: NonNullable<Suspects['place']>,
): Promise<void> {
  await inTransaction(pool, async (client) => {
    await run.fence(client);
    await client.query(
      `INSERT INTO ${escapeIdentifier(schema)}.reconciler_places AS known (walk, place, rounded_at)
       VALUES ($1, $2, CASE WHEN $3 THEN clock_timestamp() END)
       ON CONFLICT (walk) DO UPDATE SET place = EXCLUDED.place, rounded_at = coalesce(EXCLUDED.rounded_at, known.rounded_at)`,
      [walk, at, rounded],
    );
  });
}
