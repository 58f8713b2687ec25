/** One saga while it runs: its record, its stack, and what may be asked of it. State is per workflow (rule 7). */
import type { CancellationScope } from '@temporalio/workflow';
import type { Decision, Desk, SteeringRequest } from './intervention.js';
import { applyEntry, entryName, type JournalEntry, type SagaEvent } from './journal.js';
import type { SagaRecord, Verdict } from './record.js';

/**
 * What may have to be undone: plain data, so that it can be carried over. The compensation is found by the step's name
 * and gets the same input as the action.
 */
export interface StackEntry {
  readonly step: string;
  readonly input: unknown;
  /** `unknown` from before the call until its answer arrives; a refusal takes the entry off the stack. */
  outcome: 'unknown' | 'applied';
}

export interface Run {
  record: SagaRecord;
  readonly entries: JournalEntry[];
  /** The sequence number of the last entry. */
  seq: number;
  readonly stack: StackEntry[];
  /** Milliseconds since the epoch. */
  readonly deadlineAt: number;
  /** Set by the first thing that starts the unwinding, and never changed (rule 26). */
  verdict?: { readonly state: Exclude<Verdict, 'COMPLETED'>; readonly reason: string };
  pivoted: boolean;
  ended: boolean;
  /** While the run is continued as new nothing more is accepted. */
  handingOver: boolean;
  approval?: { readonly answer: 'approved' | 'rejected'; readonly request: SteeringRequest };
  readonly forward: CancellationScope;
  readonly inFlight: Set<Promise<unknown>>;
  readonly desks: Map<string, Desk>;
  readonly decisions: Record<string, { readonly content: string; decision?: Decision }>;
  readonly onEntry: (record: SagaRecord, before: SagaRecord) => void;
  readonly mustHandOver: () => boolean;
  readonly handOver: () => Promise<void>;
}

/** Appends a transition and makes it the saga's state. */
export function journal(run: Run, event: SagaEvent): void {
  const at = new Date().toISOString();
  const sagaType = event.type === 'SagaStarted' ? event.sagaType : run.record.sagaType;
  const entry: JournalEntry = { seq: ++run.seq, at, name: entryName(event, sagaType), event };
  const before = run.record;
  run.record = applyEntry(before, entry);
  run.entries.push(entry);
  run.onEntry(run.record, before);
}
