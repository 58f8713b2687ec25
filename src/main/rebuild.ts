/** Makes the journal anew: rows from events, and events from Temporal's histories where they are missing. */
import type { Client } from '@temporalio/client';
import { openJournal, type JournalPoolOptions } from '../journal/journal.js';
import { openMaintenance } from '../journal/maintain.js';
import type { Batch } from '../journal/batch.js';
import { problemsOf } from '../journal/check.js';
import { listRuns, type SagaRun } from './saga-runs.js';
import { ifKept, readTrail, readWholeTrail, type Trail } from './trail.js';

export interface Rebuilt {
  readonly sagas: number;
  /** Those whose events were brought from a history. */
  readonly fromHistories: number;
  /** Those that could not be rebuilt, and why. */
  readonly failed: readonly string[];
}

export interface RebuildOptions {
  readonly journal: JournalPoolOptions;
  /** Without it rows are made from events only. */
  readonly client?: Client;
  readonly onProgress?: (done: number) => void;
}

const batchOf = (sagaId: string, { runId, sagaType, correlationId, entries }: Trail): Batch => ({
  sagaId,
  sagaType,
  runId,
  correlationId,
  entries,
  required: true,
});

/** May be repeated, and runs beside everything else: what is right already stays as it is. */
export async function rebuildJournal({ journal: options, client, onProgress }: RebuildOptions): Promise<Rebuilt> {
  const maintenance = await openMaintenance(options);
  const failed: string[] = [];
  let [sagas, fromHistories] = [0, 0];
  const rebuilding = async (sagaId: string, runs: readonly SagaRun[] = []): Promise<void> => {
    try {
      if (client && runs.length > 0 && (await fromHistory(client, options, maintenance, sagaId, runs)))
        fromHistories += 1;
      await maintenance.refold(sagaId);
    } catch (error) {
      failed.push(`${sagaId}: ${error instanceof Error ? error.message : String(error)}`);
    }
    sagas += 1;
    onProgress?.(sagas);
  };
  try {
    const runs = client ? await listRuns(client) : new Map<string, SagaRun[]>();
    for await (const sagaId of maintenance.sagaIds()) {
      await rebuilding(sagaId, runs.get(sagaId));
      runs.delete(sagaId);
    }
    for (const [sagaId, known] of runs) await rebuilding(sagaId, known);
  } finally {
    await maintenance.close();
  }
  return { sagas, fromHistories, failed };
}

/** Whether events were missing, or others than the history's. */
async function fromHistory(
  client: Client,
  options: JournalPoolOptions,
  maintenance: Awaited<ReturnType<typeof openMaintenance>>,
  sagaId: string,
  runs: readonly SagaRun[],
): Promise<boolean> {
  const current = runs.at(-1);
  const told = current && (await readWholeTrail(client, sagaId, current.runId).catch(ifKept));
  if (!told) return false;
  const stored = await maintenance.read(sagaId);
  if (problemsOf(sagaId, stored, told).length === 0) return false;
  const isUnknown = stored.events.length === 0;
  // Runs are brought in their order, and each counts when it comes: so both branches of a reset are there again.
  const trails = isUnknown ? await Promise.all(runs.map(({ runId }) => trailOf(client, sagaId, runId))) : [told];
  const journal = openJournal({
    ...options,
    askRun: async (_, runId) => {
      const trail = trails.find((other) => other?.runId === runId);
      const whole = trail?.isReset ? await readWholeTrail(client, sagaId, runId) : undefined;
      return whole ? { standing: 'reset', entries: whole.entries } : { standing: 'current' };
    },
  });
  try {
    for (const trail of trails) if (trail) await journal.append(batchOf(sagaId, trail));
  } finally {
    await journal.close();
  }
  return true;
}

const trailOf = (client: Client, sagaId: string, runId: string): Promise<Trail | undefined> =>
  readTrail(client, sagaId, runId).catch(ifKept);
