/** Compares events, rows and Temporal's histories, and names each difference (rule 31). */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { NOT_KEPT, problemsOf } from './differences.js';
import type { JournalPoolOptions } from '../write/journal.js';
import { openMaintenance } from './stored.js';
import { readCurrentHistory } from './history.js';
import { patiently, walkSagas, type Walk } from './walk.js';

/** The result of one saga's comparison. */
export interface Looked {
  readonly sagaId: string;
  /** A sentence each. */
  readonly differences: readonly string[];
  /**
   * Temporal does not keep its history any more, or it was started without a journal: only events and row were
   * compared.
   */
  readonly withoutHistory: boolean;
}

export interface VerifyOptions extends Omit<Walk, 'maintenance'> {
  readonly journal: JournalPoolOptions;
  readonly looks?: number;
  readonly pauseMs?: number;
}

/**
 * Right under traffic: a difference is looked at again, and only differences that every look shows are reported. One
 * saga at a time.
 */
export async function* lookThrough(options: VerifyOptions): AsyncGenerator<Looked> {
  const { client, looks = 3, pauseMs = 1000 } = options;
  const maintenance = await openMaintenance(options.journal);
  const walk: Walk = { ...options, maintenance };
  try {
    for await (const sagaId of walkSagas(walk)) {
      const seeing = (): Promise<Looked> => patiently(walk, () => look(maintenance, client, sagaId));
      let seen = await seeing();
      for (let left = looks - 1; left > 0 && seen.differences.length > 0; left--) {
        await pause(pauseMs);
        const again = await seeing();
        seen = {
          ...again,
          differences: again.differences.filter((difference) => seen.differences.includes(difference)),
        };
      }
      yield seen;
    }
  } finally {
    await maintenance.close();
  }
}

export interface Verified {
  readonly sagas: number;
  readonly withoutHistory: number;
  readonly differences: readonly string[];
}

/** The same with everything in memory: for journals of known size. */
export async function verifyJournal(options: VerifyOptions): Promise<Verified> {
  const all: Looked[] = [];
  for await (const looked of lookThrough(options)) all.push(looked);
  return {
    sagas: all.length,
    withoutHistory: all.filter(({ withoutHistory }) => withoutHistory).length,
    differences: all.flatMap(({ differences }) => differences),
  };
}

/** Events are read first, because every stored event is then in the history that is read afterwards. */
async function look(maintenance: Walk['maintenance'], client: Client | undefined, sagaId: string): Promise<Looked> {
  const stored = await maintenance.read(sagaId);
  const told = client && (await readCurrentHistory(client, sagaId));
  return {
    sagaId,
    differences: problemsOf(sagaId, stored, told),
    withoutHistory: told === undefined || told === NOT_KEPT,
  };
}
