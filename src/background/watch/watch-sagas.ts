/** The job that raises and clears the alerts: it looks at the read model, at the queues beside it, and at Temporal. */
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { storeAlerts, type Alert, type Look } from '../alerts.js';
import type { Job, JobRun, JobStatus } from '../job.js';
import { inTransaction } from '../../platform/database/transaction.js';
import { TemporalUnavailableError } from '../../platform/temporal/ask.js';
import { conditionsOf, type Trouble } from './alert-kinds.js';
import { askAboutWorkflows, type SaidWorkflow } from './ask-temporal.js';
import { judge, type HeldWorkflow, type WatchedSaga } from './judge.js';
import { readQueueTroubles } from './read-queues.js';
import { readLeftBehind, readSagasById, readWatchedSagas, type Limits } from './read-sagas.js';

export interface WatchDeps {
  readonly pool: Pool;
  readonly schema: string;
  readonly temporal: Client;
  readonly limits: Limits;
  readonly logger: Pick<Logger, 'warn' | 'error' | 'info'>;
  /** Of the orders' workflows; another one in tests. */
  readonly taskQueue?: string | undefined;
}

/** Nothing is said of these while Temporal does not answer. */
const ASKED_OF_TEMPORAL: ReadonlySet<string> = new Set(
  'SagaPaused WorkflowTaskFailing SagaStuck SagaPastDeadline'.split(' '),
);

/** The name of the job, for the metric that says when it last looked. */
export const WATCH_SAGAS = 'watch-sagas';

/** What one look leaves for the next one of the same process. */
interface Memory {
  /** ISO 8601: since when Temporal has not answered. */
  temporalAwaySince?: string | undefined;
}

/** Half a minute at most from a threshold to its alert: an alert is raised, and cleared, within a minute (rule 46). */
export const watchSagas = (deps: WatchDeps, memory: Memory = {}): Job => ({
  name: WATCH_SAGAS,
  pauseMs: 15_000,
  limitMs: 60_000,
  run: (run) => lookAround(deps, run, memory),
  runWithoutDatabase: async () => {
    // Only Temporal answers: the log of this driver says what it knows.
    const { paused, failing } = await askAboutWorkflows(deps.temporal, [], deps.taskQueue);
    const found = { paused: paused.length, failing: failing.length };
    if (found.failing > 0) deps.logger.warn(found, 'the database is away, and workflow tasks keep failing');
  },
});

/** One look. Also for tests, without a driver. */
export async function lookAround(deps: WatchDeps, { signal, fence }: JobRun, memory: Memory = {}): Promise<JobStatus> {
  const look = await readTroubles(deps, signal, memory);
  signal.throwIfAborted();
  const changes = await inTransaction(deps.pool, async (client) => {
    await fence(client);
    return await storeAlerts(client, deps.schema, look);
  });
  for (const change of changes) log(deps.logger, change);
  return { conditions: look.conditions.length, changes: changes.length };
}

async function readTroubles(deps: WatchDeps, signal: AbortSignal, memory: Memory): Promise<Look> {
  const { pool, schema, limits } = deps;
  const sagas = await readWatchedSagas(pool, schema, limits);
  const queues = await readQueueTroubles(pool, schema);
  signal.throwIfAborted();
  const asked = await askAboutWorkflows(
    deps.temporal,
    sagas.quiet.map(({ sagaId }) => sagaId),
    deps.taskQueue,
  ).catch((error: unknown) => {
    if (error instanceof TemporalUnavailableError) return undefined;
    throw error;
  });
  memory.temporalAwaySince = asked ? undefined : (memory.temporalAwaySince ?? new Date().toISOString());
  const since = memory.temporalAwaySince;
  const known = await readSagasById(pool, schema, [...(asked?.paused ?? []), ...(asked?.failing ?? [])].map(idOf));
  const troubles: Trouble[] = [
    ...judge({
      ...sagas,
      leftBehind: await readLeftBehind(pool, schema),
      paused: asked && held(asked.paused, known),
      failing: asked && held(asked.failing, known),
    }),
    ...queues,
    ...(since === undefined ? [] : [{ kind: 'TemporalAway', id: 'temporal', since } as const]),
  ];
  return {
    conditions: conditionsOf(troubles),
    covers: ({ alertname }) => asked !== undefined || !ASKED_OF_TEMPORAL.has(alertname),
  };
}

const idOf = ({ workflowId }: SaidWorkflow): string => workflowId;

/** Workflows of others, which are no sagas, are left out. */
const held = (workflows: readonly SaidWorkflow[], known: ReadonlyMap<string, WatchedSaga>): HeldWorkflow[] =>
  workflows.flatMap(({ workflowId, startedAt, isOurs }) => {
    const saga = known.get(workflowId);
    return saga || isOurs ? [{ workflowId, since: startedAt, saga }] : [];
  });

function log(logger: WatchDeps['logger'], { status, labels, annotations, fingerprint }: Alert): void {
  const about = { ...labels, fingerprint, ...annotations };
  const sentence = `${labels.alertname}: ${annotations['summary']}`;
  if (status === 'resolved') logger.info(about, `cleared: ${sentence}`);
  else if (labels.severity === 'critical') logger.error(about, `raised: ${sentence}`);
  else logger.warn(about, `raised: ${sentence}`);
}
