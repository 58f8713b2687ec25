/** The read model: a saga's record as a row of `sagas`, and back. */
import { blankRecord } from '../../saga/journal/fold.js';
import type { SagaRecord, SagaState } from '../../saga/record.js';
import type { StoredSaga } from '../read/reader.js';

/** The known part of a saga's stream: the fold of all confirmed events, and the number of the last one. */
export interface Head {
  readonly record: SagaRecord;
  readonly version: number;
  readonly branch: number;
  readonly runId: string;
  readonly behindGap: boolean;
}

export interface SagaRow {
  readonly saga_id: string;
  readonly saga_type: string;
  readonly state: string;
  readonly reason: string | null;
  readonly data: SagaRecord['data'];
  readonly steps: SagaRecord['steps'];
  readonly waivers: SagaRecord['waivers'];
  readonly dead_letters: SagaRecord['deadLetters'];
  readonly current_step: string | null;
  readonly blocked_on: string | null;
  readonly waiting_for: SagaRecord['waitingFor'];
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly version: number;
  readonly branch: number;
  readonly run_id: string;
  readonly behind_gap: boolean;
  readonly changed_at: Date;
}

type NewRow = { readonly [Column in keyof SagaRow]: SagaRow[Column] extends Date ? string : SagaRow[Column] };

export function rowOf({ record, version, branch, runId, behindGap }: Head, changedAt = new Date()): NewRow {
  const changed = changedAt.toISOString();
  return {
    saga_id: record.sagaId,
    saga_type: record.sagaType,
    state: record.state,
    reason: record.reason,
    data: record.data,
    steps: record.steps,
    waivers: record.waivers,
    dead_letters: record.deadLetters,
    current_step: record.currentStep,
    blocked_on: record.blockedOn,
    waiting_for: record.waitingFor,
    // Nothing is confirmed of a saga that is known only by a later event.
    created_at: record.createdAt || changed,
    updated_at: record.updatedAt || changed,
    version,
    branch,
    run_id: runId,
    behind_gap: behindGap,
    changed_at: changed,
  };
}

/** Every column that this release reads and writes, by name: a later release may have added others. */
export const SAGA_COLUMNS = Object.keys(
  rowOf({ record: blankRecord(''), version: 0, branch: 0, runId: '', behindGap: false }),
).join(', ');

export const recordOf = (row: SagaRow): SagaRecord => ({
  sagaId: row.saga_id,
  sagaType: row.saga_type,
  state: row.state as SagaState,
  reason: row.reason,
  data: row.data,
  steps: row.steps,
  waivers: row.waivers,
  deadLetters: row.dead_letters,
  currentStep: row.current_step,
  blockedOn: row.blocked_on,
  waitingFor: row.waiting_for,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});

export const headOf = (row: SagaRow): Head => ({
  record: recordOf(row),
  version: row.version,
  branch: row.branch,
  runId: row.run_id,
  behindGap: row.behind_gap,
});

export const viewOf = (row: SagaRow): StoredSaga => ({
  ...recordOf(row),
  version: row.version,
  branch: row.branch,
  behindGap: row.behind_gap,
  asOf: row.changed_at.toISOString(),
});
