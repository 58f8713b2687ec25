/** Repairs the journal: rows from events, and events from Temporal's histories if they are missing (rule 54). */
import type { Client } from '@temporalio/client';
import { problemsOf } from './differences.js';
import type { JournalPoolOptions } from '../write/journal.js';
import { openMaintenance, type Maintenance } from './stored.js';
import type { Repair } from './repair.js';
import { listRuns } from './runs.js';
import { readCurrentHistory, readEvidence } from './history.js';
import { patiently, walkSagas, type Walk } from './walk.js';

export interface RebuildOptions extends Omit<Walk, 'maintenance'> {
  readonly journal: JournalPoolOptions;
  /** If false, nothing is written: the results are the changes that would be made. */
  readonly apply: boolean;
}

export interface Rebuilt extends Repair {
  readonly sagaId: string;
}

/**
 * One saga after the other. It may be interrupted and repeated, and runs beside everything else: correct data stays
 * as it is.
 */
export async function* rebuildSagas(options: RebuildOptions): AsyncGenerator<Rebuilt> {
  const { client, apply } = options;
  const maintenance = await openMaintenance(options.journal);
  const walk: Walk = { ...options, maintenance };
  try {
    for await (const sagaId of walkSagas(walk)) {
      yield { sagaId, ...(await patiently(walk, () => rebuild(maintenance, client, sagaId, apply))) };
    }
  } finally {
    await maintenance.close();
  }
}

/** Most sagas are right: they cost two reads and no lock. */
async function rebuild(
  maintenance: Maintenance,
  client: Client | undefined,
  sagaId: string,
  apply: boolean,
): Promise<Repair> {
  const stored = await maintenance.read(sagaId);
  const told = client && (await readCurrentHistory(client, sagaId));
  if (problemsOf(sagaId, stored, told).length === 0) return { mended: [], left: [], fromHistory: false };
  const evidence = client && (await readEvidence(client, sagaId, await listRuns(client, sagaId)));
  return maintenance.repair({ sagaId, evidence, apply });
}

export interface Summary {
  readonly sagas: number;
  /** The number of sagas with a fault that is mended. */
  readonly mended: number;
  /** The number of sagas whose events were taken from a history. */
  readonly fromHistories: number;
  /** The faults that stay, because their repair could not be proved: a sentence each. */
  readonly left: readonly string[];
}

/** The same with everything in memory: for journals of known size. */
export async function rebuildJournal(options: RebuildOptions): Promise<Summary> {
  const all: Rebuilt[] = [];
  for await (const rebuilt of rebuildSagas(options)) all.push(rebuilt);
  return {
    sagas: all.length,
    mended: all.filter(({ mended }) => mended.length > 0).length,
    fromHistories: all.filter(({ fromHistory }) => fromHistory).length,
    left: all.flatMap(({ left }) => left),
  };
}
