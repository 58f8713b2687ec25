/**
 * The journal of a saga: every transition is an entry with a sequence number and the workflow's time. Entries hold ids
 * and codes, nothing personal. fold.ts says how each entry changes the saga's record.
 */
import type { End, SagaRecord, StepRecord, Who } from '../record.js';

/** The failure of an action or a compensation. */
interface Failure {
  step: string;
  attempts: number;
  code: string;
  /** The reason, if this failure starts the unwinding. */
  unwinds?: string;
  /** The step became a dead letter, which blocks nothing. */
  deadLetter?: true;
}

/**
 * The first event of a repair: an operator's order to undo what a run has left behind. It names no step. A saga without a
 * verdict `unwinds` with that reason, or keeps its accepted cancel; a saga with a verdict `keeps` it.
 */
export interface Repair extends Who {
  action: typeof REPAIR;
  requestId: string;
  unwinds?: string;
  keeps?: End;
  /** Steps that the verdict lists as waived. */
  waives?: readonly string[];
}

/** The action of a repair, in its event and in the audit. */
export const REPAIR = 'repair';

export type WaitAnswer = 'approved' | 'rejected' | 'expired' | 'deadlineExceeded' | 'cancelled';

/** Everything that may happen to a saga, by the type of its event. */
export interface Events {
  SagaStarted: { sagaType: string; data: SagaRecord['data']; steps: readonly Pick<StepRecord, 'name' | 'kind'>[] };
  SagaStepStarted: { step: string; timeoutAt: string };
  SagaStepCompleted: { step: string; attempts: number; result: SagaRecord['data'] };
  /** Refused, or not scheduled. */
  SagaStepFailed: Failure;
  SagaStepTimedOut: Failure;
  /** Its outcome is not known. */
  SagaStepUnknown: Failure;
  SagaCompensationStarted: { step: string; timeoutAt: string };
  SagaCompensationCompleted: { step: string; attempts: number; outcome: 'compensated' | 'nothingToDo' };
  SagaCompensationFailed: Failure;
  SagaBlocked: { step: string; code: string };
  SagaIntervened: ({ step: string; action: string; requestId: string } & Who) | Repair;
  SagaCancelAccepted: { by: 'update' | 'temporal'; unwinds: string } & Who;
  SagaWaitStarted: { approval: string; until: string };
  SagaWaitEnded: { approval: string; answer: WaitAnswer; unwinds?: string } & Partial<Who>;
  SagaEnded: End;
}

/** One event, as the journal holds it. */
export type SagaEvent = { [Type in keyof Events]: Readonly<{ type: Type } & Events[Type]> }[keyof Events];

/** One transition. `name` is its name in the audit trail: the event's type, and `<SagaType>Completed` at the end. */
export interface Entry {
  readonly seq: number;
  /** ISO 8601, UTC: the workflow's clock. */
  readonly at: string;
  readonly name: string;
  readonly event: SagaEvent;
}

/** An entry as activities carry it: its name is derived from its event. */
export type SentEntry = Omit<Entry, 'name'>;

/**
 * The content of an activity's header `saga-journal`, so that the worker that runs the activity can store the trail. A
 * scheduled activity is in the history, and therefore its entries are never speculative.
 */
export interface JournalHeader {
  readonly sagaId: string;
  readonly sagaType: string;
  /** Contiguous, in order. */
  readonly entries: readonly SentEntry[];
  /** The activity succeeds only after all of this is stored. */
  readonly required?: true;
  /**
   * The saga's last action: two more entries hold if it succeeds, its completion and the verdict. The worker
   * that stores them first says when that was, and answers it as `closedAt` with the activity's result.
   */
  readonly closing?: Closing;
}

/** The verdict that holds if this last step succeeds. */
export interface Closing extends End {
  readonly step: string;
}

/** The name of that header. */
export const JOURNAL_HEADER = 'saga-journal';

/** The entries that a last action stands for, once it has succeeded. */
export const closingEvents = ({ step, state, reason }: Closing, attempts: number): readonly [SagaEvent, SagaEvent] => [
  { type: 'SagaStepCompleted', step, attempts, result: {} },
  { type: 'SagaEnded', state, reason },
];

const TERMINAL_NAMES = { COMPLETED: 'Completed', FAILED: 'Failed', CANCELLED: 'Cancelled' } as const;

/** The name of an event in the audit trail: `OrderFulfillmentFailed` for the end of an `OrderFulfillment` that failed. */
export const entryName = (event: SagaEvent, sagaType: string): string =>
  event.type === 'SagaEnded' ? sagaType + TERMINAL_NAMES[event.state] : event.type;
