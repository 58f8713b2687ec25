/**
 * The journal of a saga: every transition as an entry with a sequence number and the workflow's time. The saga's state
 * *is* the fold over its entries, so that an audit trail and a read model cannot disagree with the workflow.
 * Entries hold ids and codes, nothing personal.
 */
import type { SagaRecord, StepKind, StepRecord, StepStatus, Verdict } from './record.js';

/** What an action or a compensation failed with. `unwinds` where it is the reason why the saga is undone. */
interface Failure {
  readonly step: string;
  readonly attempts: number;
  readonly code: string;
  readonly unwinds?: string;
  /** It was given up, and blocks nothing. */
  readonly deadLetter?: true;
}

interface Who {
  readonly actor: string;
  readonly reason: string;
}

export type WaitAnswer = 'approved' | 'rejected' | 'expired' | 'deadlineExceeded' | 'cancelled';

export type SagaEvent =
  | {
      readonly type: 'SagaStarted';
      readonly sagaType: string;
      readonly data: Readonly<Record<string, unknown>>;
      readonly steps: readonly { readonly name: string; readonly kind: StepKind }[];
    }
  | { readonly type: 'SagaStepStarted' | 'SagaCompensationStarted'; readonly step: string; readonly timeoutAt: string }
  | {
      readonly type: 'SagaStepCompleted';
      readonly step: string;
      readonly attempts: number;
      readonly result: Readonly<Record<string, unknown>>;
    }
  /** Refused or not scheduled; out of time; or its outcome could not be learnt. */
  | ({ readonly type: 'SagaStepFailed' | 'SagaStepTimedOut' | 'SagaStepUnknown' | 'SagaCompensationFailed' } & Failure)
  | {
      readonly type: 'SagaCompensationCompleted';
      readonly step: string;
      readonly attempts: number;
      readonly outcome: 'compensated' | 'nothingToDo';
    }
  | { readonly type: 'SagaBlocked'; readonly step: string; readonly code: string }
  | ({
      readonly type: 'SagaIntervened';
      readonly step: string;
      readonly action: string;
      readonly requestId: string;
    } & Who)
  | ({ readonly type: 'SagaCancelAccepted'; readonly by: 'update' | 'temporal'; readonly unwinds: string } & Who)
  | { readonly type: 'SagaWaitStarted'; readonly approval: string; readonly until: string }
  | ({
      readonly type: 'SagaWaitEnded';
      readonly approval: string;
      readonly answer: WaitAnswer;
      readonly unwinds?: string;
    } & Partial<Who>)
  | { readonly type: 'SagaEnded'; readonly state: Verdict; readonly reason: string | null };

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
  readonly closing?: { readonly step: string; readonly state: Verdict; readonly reason: string | null };
}

export const JOURNAL_HEADER = 'saga-journal';

/** The entries that a last action stands for, once it has succeeded. */
export const closingEvents = (
  { step, state, reason }: NonNullable<JournalHeader['closing']>,
  attempts: number,
): readonly [SagaEvent, SagaEvent] => [
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
export const applyEntry = (record: SagaRecord, { event, at }: JournalEntry): SagaRecord => ({
  ...record,
  ...sagaChange(record, event, at),
  // The first reason stays.
  ...('unwinds' in event && { state: 'COMPENSATING', reason: record.reason ?? event.unwinds }),
  ...('step' in event && { steps: stepsAfter(record.steps, event, at) }),
  updatedAt: at,
});

function sagaChange(record: SagaRecord, event: SagaEvent, at: string): Partial<SagaRecord> {
  switch (event.type) {
    case 'SagaStarted': {
      const steps = event.steps.map((step) => ({ ...step, status: 'pending' as const, attempts: 0 }));
      return { sagaType: event.sagaType, data: event.data, steps, createdAt: at };
    }
    case 'SagaStepStarted':
      return { state: record.state === 'STARTED' ? 'PENDING' : record.state, currentStep: event.step };
    case 'SagaStepCompleted':
      return { data: { ...record.data, ...event.result } };
    case 'SagaCompensationStarted':
      return { currentStep: event.step };
    case 'SagaBlocked':
      return { blockedOn: event.step };
    case 'SagaIntervened':
      return intervened(record, event);
    case 'SagaWaitStarted':
      return { state: 'PENDING', waitingFor: { approval: event.approval, until: event.until } };
    case 'SagaWaitEnded':
      return { waitingFor: null };
    case 'SagaEnded':
      return { state: event.state, reason: event.reason };
    default: // failures, a compensation's end, an accepted cancel
      return 'deadLetter' in event ? { deadLetters: [...record.deadLetters, event.step] } : {};
  }
}

type EventOf<Type extends SagaEvent['type']> = Extract<SagaEvent, { type: Type }>;

function intervened(record: SagaRecord, event: EventOf<'SagaIntervened'>): Partial<SagaRecord> {
  const { step, action, actor, reason } = event;
  return {
    ...(action !== 'block' && record.blockedOn === step && { blockedOn: null }),
    ...(action === 'skip' && { waivers: [...record.waivers, { step, actor, reason }] }),
  };
}

type StepEvent = Extract<SagaEvent, { step: string }>;

/** A step that was not declared (the notice at the end of unwinding) is appended when it starts. */
function stepsAfter(steps: readonly StepRecord[], event: StepEvent, at: string): readonly StepRecord[] {
  const { type, step: name } = event;
  const known = type !== 'SagaStepStarted' || steps.some((step) => step.name === name);
  const all = known ? steps : [...steps, { name, kind: 'retriable' as const, status: 'pending' as const, attempts: 0 }];
  return all.map((step) => (step.name === name ? stepAfter(step, event, at) : step));
}

function stepAfter(step: StepRecord, event: StepEvent, at: string): StepRecord {
  return {
    ...step,
    status: statusAfter(step.status, event),
    ...('attempts' in event && { attempts: step.attempts + event.attempts }),
    ...('timeoutAt' in event && { timeoutAt: event.timeoutAt }),
    ...('result' in event && { result: event.result }),
    ...('code' in event && { error: { code: event.code, message: SENTENCES[event.code] ?? event.code } }),
    ...(event.type === 'SagaStepStarted' && { executedAt: step.executedAt ?? at }),
    ...(event.type === 'SagaCompensationCompleted' && { compensatedAt: at }),
  };
}

const SENTENCES: Readonly<Record<string, string>> = { StepTimedOut: 'Step timed out' };

const STATUS = {
  SagaStepStarted: 'executing',
  SagaStepCompleted: 'completed',
  SagaStepFailed: 'failed',
  SagaStepTimedOut: 'unknown',
  SagaStepUnknown: 'unknown',
  SagaCompensationStarted: 'compensating',
  SagaCompensationFailed: 'compensating',
} as const satisfies Partial<Record<SagaEvent['type'], StepStatus>>;

function statusAfter(status: StepStatus, event: StepEvent): StepStatus {
  if (event.type === 'SagaCompensationCompleted') return event.outcome;
  if (event.type === 'SagaIntervened') return event.action === 'skip' ? 'skipped' : status;
  // Cut short by an operator: whether it happened is not known.
  if (event.type === 'SagaBlocked') return status === 'executing' ? 'unknown' : status;
  return STATUS[event.type];
}
