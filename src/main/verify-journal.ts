/** Compares events, rows and Temporal's histories, and names each difference (rule 31). */
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { problemsOf } from '../journal/check.js';
import type { JournalPoolOptions } from '../journal/journal.js';
import { openMaintenance, type Maintenance } from '../journal/maintain.js';
import { listRuns } from './saga-runs.js';
import { readWholeTrail } from './trail.js';

export interface Verified {
  readonly sagas: number;
  /** Those that Temporal keeps no more, or that were started without a journal: only events and rows were compared. */
  readonly withoutHistory: number;
  readonly differences: readonly string[];
}

export interface VerifyOptions {
  readonly journal: JournalPoolOptions;
  readonly client?: Client;
  readonly looks?: number;
  readonly pauseMs?: number;
}

/** Right under traffic: what differs is looked at again, and only what every look shows is told. */
export async function verifyJournal(options: VerifyOptions): Promise<Verified> {
  const { client, looks = 3, pauseMs = 1000 } = options;
  const maintenance = await openMaintenance(options.journal);
  const differences: string[] = [];
  let [sagas, withoutHistory] = [0, 0];
  const verify = async (sagaId: string): Promise<void> => {
    sagas += 1;
    let seen = await look(maintenance, client, sagaId);
    for (let left = looks - 1; left > 0 && seen.problems.length > 0; left--) {
      await pause(pauseMs);
      const again = await look(maintenance, client, sagaId);
      seen = { ...again, problems: again.problems.filter((problem) => seen.problems.includes(problem)) };
    }
    differences.push(...seen.problems);
    if (!seen.hasHistory) withoutHistory += 1;
  };
  try {
    const runs = client ? await listRuns(client) : new Map<string, unknown>();
    for await (const sagaId of maintenance.sagaIds()) {
      await verify(sagaId);
      runs.delete(sagaId);
    }
    for (const sagaId of runs.keys()) await verify(sagaId);
  } finally {
    await maintenance.close();
  }
  return { sagas, withoutHistory, differences };
}

/** Events are read first: what is stored then is in the history that is read afterwards. */
async function look(maintenance: Maintenance, client: Client | undefined, sagaId: string) {
  const stored = await maintenance.read(sagaId);
  const told = client && (await currentTrail(client, sagaId));
  return { problems: problemsOf(sagaId, stored, told), hasHistory: told !== undefined };
}

async function currentTrail(client: Client, sagaId: string) {
  try {
    const { runId } = await client.workflow.getHandle(sagaId).describe();
    return await readWholeTrail(client, sagaId, runId);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
