/** Mends the journal: rows from events, and events from Temporal's histories if they are missing (rule 54). */
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
  /** Without it nothing is written: what it yields is what would be done. */
  readonly apply: boolean;
}

export interface Rebuilt extends Repair {
  readonly sagaId: string;
}

/** One saga after the other. May be interrupted and repeated, and runs beside everything else: what is right stays as it is. */
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
  /** Those with something that was wrong and is not any more. */
  readonly mended: number;
  /** Those whose events were brought from a history. */
  readonly fromHistories: number;
  /** What could not be proved, and stays: a sentence each. */
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
