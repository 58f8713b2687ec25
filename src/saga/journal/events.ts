/**
 * The journal of a saga: every transition as an entry with a sequence number and the workflow's time. The saga's state
 * *is* the fold over its entries, so that an audit trail and a read model cannot disagree with the workflow.
 * Entries hold ids and codes, nothing personal.
 */
import type { Awaited, End, SagaRecord, StepRecord, WaitingFor, Who } from '../record.js';

/** What an action or a compensation failed with. */
interface Failure {
  step: string;
  attempts: number;
  code: string;
  /** It is the reason why the saga is undone. */
  unwinds?: string;
  /** It was given up, and blocks nothing. */
  deadLetter?: true;
}

export type WaitAnswer = 'approved' | 'rejected' | 'expired' | 'deadlineExceeded' | 'cancelled';

/** What may happen to a saga. */
interface Events {
  SagaStarted: { sagaType: string; data: SagaRecord['data']; steps: readonly Pick<StepRecord, 'name' | 'kind'>[] };
  SagaStepStarted: { step: string; timeoutAt: string };
  SagaStepCompleted: { step: string; attempts: number; result: SagaRecord['data'] };
  /** Refused, or not scheduled. */
  SagaStepFailed: Failure;
  SagaStepTimedOut: Failure;
  /** Its outcome could not be learnt. */
  SagaStepUnknown: Failure;
  SagaCompensationStarted: { step: string; timeoutAt: string };
  SagaCompensationCompleted: { step: string; attempts: number; outcome: 'compensated' | 'nothingToDo' };
  SagaCompensationFailed: Failure;
  SagaBlocked: { step: string; code: string };
  SagaIntervened: { step: string; action: string; requestId: string } & Who;
  SagaCancelAccepted: { by: 'update' | 'temporal'; unwinds: string } & Who;
  SagaWaitStarted: { approval: string; until: string };
  SagaWaitEnded: { approval: string; answer: WaitAnswer; unwinds?: string } & Partial<Who>;
  SagaEnded: End;
}

export type SagaEvent = { [Type in keyof Events]: Readonly<{ type: Type } & Events[Type]> }[keyof Events];

/** One transition. `name` is what the audit trail calls it: the event's type, and `<SagaType>Completed` at the end. */
export interface JournalEntry {
  readonly seq: number;
  /** ISO 8601, UTC: the workflow's clock. */
  readonly at: string;
  readonly name: string;
  readonly event: SagaEvent;
}

/** An entry as it travels: its name is derived from its event. */
export type SentEntry = Omit<JournalEntry, 'name'>;

/**
 * What the header `saga-journal` of an activity carries, so that whoever runs the activity can store the trail. What a
 * scheduled activity carries is in the history, and therefore never speculative.
 */
export interface JournalHeader {
  readonly sagaId: string;
  readonly sagaType: string;
  /** Contiguous, in order. */
  readonly entries: readonly SentEntry[];
  /** The activity has not succeeded before all of this is stored. */
  readonly required?: true;
  /**
   * The saga's last action: two more entries hold if it succeeds, its completion and the verdict. Whoever stores them
   * first says when that was, and answers it as `closedAt` with the activity's result.
   */
  readonly closing?: Closing;
}

export interface Closing extends End {
  readonly step: string;
}

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

/** A saga before its first entry. */
export const blankRecord = (sagaId: string): SagaRecord => ({
  sagaId,
  sagaType: '',
  state: 'STARTED',
  reason: null,
  data: {},
  steps: [],
  waivers: [],
  deadLetters: [],
  currentStep: null,
  blockedOn: null,
  waitingFor: null,
  createdAt: '',
  updatedAt: '',
});

/** The record after one more entry. Pure: the same entries give the same record, in a workflow and in a database. */
export function applyEntry(record: SagaRecord, { event, at }: JournalEntry): SagaRecord {
  // One event and its row of the table: the compiler cannot tell that they belong together. What is not in it (a reader
  // may be older than a writer) changes nothing but the time.
  const { saga, step } = CHANGES[event.type]?.(event as never, record, at) ?? {};
  return {
    ...record,
    ...saga,
    // The first reason stays.
    ...('unwinds' in event && { state: 'COMPENSATING', reason: record.reason ?? event.unwinds }),
    ...('deadLetter' in event && { deadLetters: [...record.deadLetters, event.step] }),
    ...('step' in event && { steps: stepsAfter(record.steps, event, step) }),
    updatedAt: at,
  };
}

interface Changes {
  readonly saga?: Partial<SagaRecord>;
  readonly step?: Partial<StepRecord>;
}

/** What each event changes in the saga, and in the step that it names. */
const CHANGES: { readonly [Type in keyof Events]: (event: Events[Type], before: SagaRecord, at: string) => Changes } = {
  SagaStarted: ({ sagaType, data, steps }, _, createdAt) => ({
    saga: { sagaType, data, steps: steps.map(pending), createdAt },
  }),
  SagaStepStarted: ({ step }, { state }, at) => ({
    saga: { state: state === 'STARTED' ? 'PENDING' : state, currentStep: step },
    step: { status: 'executing', executedAt: at },
  }),
  SagaStepCompleted: ({ result }, before) => ({
    saga: { data: { ...before.data, ...result } },
    step: { status: 'completed', result },
  }),
  SagaStepFailed: () => ({ step: { status: 'failed' } }),
  SagaStepTimedOut: () => ({ step: { status: 'unknown' } }),
  SagaStepUnknown: () => ({ step: { status: 'unknown' } }),
  SagaCompensationStarted: ({ step }) => ({ saga: { currentStep: step }, step: { status: 'compensating' } }),
  SagaCompensationCompleted: ({ outcome }, _, at) => ({ step: { status: outcome, compensatedAt: at } }),
  SagaCompensationFailed: () => ({ step: { status: 'compensating' } }),
  SagaBlocked: ({ step: blockedOn }, { steps }) => ({
    saga: { blockedOn },
    // Cut short by an operator: whether it happened is not known.
    ...(steps.some(({ name, status }) => name === blockedOn && status === 'executing') && {
      step: { status: 'unknown' },
    }),
  }),
  SagaIntervened: ({ step, action, actor, reason }, { blockedOn, waivers }) => ({
    saga: {
      blockedOn: action !== 'block' && blockedOn === step ? null : blockedOn,
      waivers: action === 'skip' ? [...waivers, { step, actor, reason }] : waivers,
    },
    ...(action === 'skip' && { step: { status: 'skipped' } }),
  }),
  SagaCancelAccepted: () => ({}),
  SagaWaitStarted: ({ approval, until }, { waitingFor }) => ({
    saga: { state: 'PENDING', waitingFor: waitsOf([...waitsIn(waitingFor), { approval, until }]) },
  }),
  SagaWaitEnded: ({ approval }, { waitingFor }) => ({
    saga: { waitingFor: waitsOf(waitsIn(waitingFor).filter((wait) => wait.approval !== approval)) },
  }),
  SagaEnded: ({ state, reason }) => ({ saga: { state, reason } }),
};

const waitsIn = (waitingFor: WaitingFor | null): readonly Awaited[] => {
  if (!waitingFor) return [];
  const { also = [], ...first } = waitingFor;
  return [first, ...also];
};

const waitsOf = ([first, ...also]: readonly Awaited[]): WaitingFor | null =>
  first ? { ...first, ...(also.length > 0 && { also }) } : null;

const pending = (step: Pick<StepRecord, 'name' | 'kind'>): StepRecord => ({ ...step, status: 'pending', attempts: 0 });

const SENTENCES: Readonly<Record<string, string>> = { StepTimedOut: 'Step timed out' };

/** A step that was not declared (the notice at the end of unwinding) is appended when it starts. */
function stepsAfter(
  steps: readonly StepRecord[],
  event: Extract<SagaEvent, { step: string }>,
  change: Changes['step'],
): readonly StepRecord[] {
  const isNew = event.type === 'SagaStepStarted' && !steps.some(({ name }) => name === event.step);
  const all = isNew ? [...steps, pending({ name: event.step, kind: 'retriable' })] : steps;
  const after = (step: StepRecord): StepRecord => ({
    ...step,
    ...change,
    // The first time counts.
    ...(step.executedAt !== undefined && { executedAt: step.executedAt }),
    ...('attempts' in event && { attempts: step.attempts + event.attempts }),
    ...('timeoutAt' in event && { timeoutAt: event.timeoutAt }),
    ...('code' in event && { error: { code: event.code, message: SENTENCES[event.code] ?? event.code } }),
  });
  return all.map((step) => (step.name === event.step ? after(step) : step));
}
