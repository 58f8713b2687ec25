/** One saga's share of the participant: its ledger, what it will meet, and everything that arrived, in order. */
import type { SagaRecord } from '../../src/saga/saga.js';
import { createPace, type Pace } from './pace.js';
import type { Ask, Behaviour, Operation, Schedule, Steering } from './schedule.js';

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

/** What is asked about which step. */
export interface Request {
  readonly ask: Ask;
  readonly step: string;
  readonly repeated: boolean;
}

/** What was asked, and what was answered: `accepted` with its decision, or the code of the refusal. */
export interface Asked {
  readonly ask: Ask;
  readonly step: string;
  readonly requestId: string;
  /** How many calls of the step had arrived by then: the last of them is the one that a decision may cut. */
  readonly calls: number;
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
  readonly due: Set<Request>;
  readonly asked: Asked[];
  blocks: number;
  waits: number;
  /** A real server plays it: see venue.ts. */
  readonly isReal: boolean;
  /** The cases that it was brought to. */
  readonly reached: Set<string>;
  /** Resolved once it has ended and could not store that. */
  readonly turnedAwayAtEnd: { readonly promise: Promise<void>; resolve(): void };
  /** What an operator is doing. */
  readonly errands: Promise<void>[];
  /** What the saga told last. */
  record?: SagaRecord;
  /** Resolves once the saga has said that it has ended. */
  readonly ended: Promise<void>;
  readonly end: () => void;
}

export const keyOf = (operation: Operation, step: string): string => `${operation} ${step}`;

export function openScene(sagaId: string, schedule: Schedule, isReal: boolean): Scene {
  const behaviours = new Map<string, Behaviour[]>();
  for (const { operation, step, behaviours: more } of schedule.faults) {
    behaviours.set(keyOf(operation, step), [...(behaviours.get(keyOf(operation, step)) ?? []), ...more]);
  }
  const end = deferred();
  return {
    sagaId,
    schedule,
    ended: end.promise,
    end: end.resolve,
    turnedAwayAtEnd: deferred(),
    ledger: new Map(),
    changes: [],
    arrivals: [],
    behaviours,
    late: [],
    pace: createPace(),
    toAsk: new Set(schedule.steering),
    due: new Set(),
    blocks: 0,
    waits: 0,
    isReal,
    reached: new Set(),
    asked: [],
    errands: [],
  };
}

function deferred() {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** Takes what is to be asked at a point; what is about no step in particular is about this one. */
export function takeAt(scene: Scene, isAt: (point: Steering['at']) => boolean, step: string): Request[] {
  const taken = [...scene.toAsk].filter(({ at }) => isAt(at));
  for (const steering of taken) scene.toAsk.delete(steering);
  return taken.map(({ ask, repeated, step: about = step }) => ({ ask, repeated, step: about }));
}

export function change(scene: Scene, step: string, status: LedgerStatus, by: LedgerChange['by'] = 'saga'): void {
  scene.ledger.set(step, status);
  scene.changes.push({ step, status, by });
}
