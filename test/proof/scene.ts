/** One saga's share of the participant: its ledger, what it will meet, and everything that arrived, in order. */
import type { SagaRecord } from '../../src/saga/saga.js';
import { pace, type Pace } from './pace.js';
import type { Behaviour, Operation, Schedule, Steering } from './schedule.js';

export type LedgerStatus = 'applied' | 'refused' | 'undone' | 'fenced';

export interface LedgerChange {
  readonly step: string;
  readonly status: LedgerStatus;
  /** `operator`: the books were set right by hand; `late`: by an original that arrived after its caller gave up. */
  readonly by: 'saga' | 'operator' | 'late';
}

export interface Arrival {
  readonly operation: Operation;
  readonly step: string;
}

/** What was asked, and what was answered: `accepted` with its decision, or the code of the refusal. */
export interface Asked {
  readonly steering: Steering;
  readonly requestId: string;
  readonly answers: { readonly answer: string; readonly decision?: unknown }[];
}

export interface Scene {
  readonly sagaId: string;
  readonly schedule: Schedule;
  readonly ledger: Map<string, LedgerStatus>;
  readonly changes: LedgerChange[];
  readonly arrivals: Arrival[];
  readonly behaviours: Map<string, Behaviour[]>;
  /** Originals that are still under way. */
  readonly late: { readonly step: string; readonly arrive: () => void }[];
  readonly pace: Pace;
  /** What has not been asked yet; what is `due` waits for a moment at which the server can take it. */
  readonly toAsk: Set<Steering>;
  readonly due: Set<Steering>;
  readonly asked: Asked[];
  /** What an operator is doing. */
  readonly errands: Promise<void>[];
  /** What the saga told last. */
  record?: SagaRecord;
}

export const keyOf = (operation: Operation, step: string): string => `${operation} ${step}`;

export function openScene(sagaId: string, schedule: Schedule): Scene {
  const behaviours = new Map<string, Behaviour[]>();
  for (const { operation, step, behaviours: more } of schedule.faults) {
    behaviours.set(keyOf(operation, step), [...(behaviours.get(keyOf(operation, step)) ?? []), ...more]);
  }
  return {
    sagaId,
    schedule,
    ledger: new Map(),
    changes: [],
    arrivals: [],
    behaviours,
    late: [],
    pace: pace(),
    toAsk: new Set(schedule.steering),
    due: new Set(),
    asked: [],
    errands: [],
  };
}

export function change(scene: Scene, step: string, status: LedgerStatus, by: LedgerChange['by'] = 'saga'): void {
  scene.ledger.set(step, status);
  scene.changes.push({ step, status, by });
}
