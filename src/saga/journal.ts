/**
 * The journal of a saga: every transition as an entry with a sequence number and the workflow's time. The saga's state
 * *is* the fold over its entries, so that an audit trail and a read model cannot disagree with the workflow.
 * Entries hold ids and codes, nothing personal.
 */
import type { SagaRecord, StepKind, StepRecord, StepStatus, Verdict } from './record.js';

export type SagaEvent =
  | {
      type: 'SagaStarted';
      sagaType: string;
      data: Readonly<Record<string, unknown>>;
      steps: readonly { name: string; kind: StepKind }[];
    }
  | { type: 'SagaStepStarted'; step: string; timeoutAt: string }
  | { type: 'SagaStepCompleted'; step: string; attempts: number; result: unknown }
  /** A definitive refusal, or a step that was not scheduled; `deadLetter` where it was given up and blocks nothing. */
  | { type: 'SagaStepFailed'; step: string; attempts: number; code: string; deadLetter?: boolean }
  | { type: 'SagaStepTimedOut'; step: string; attempts: number; code: string }
  | { type: 'SagaStepUnknown'; step: string; attempts: number; code: string }
  | { type: 'SagaCompensationStarted'; step: string; timeoutAt: string }
  | { type: 'SagaCompensationCompleted'; step: string; attempts: number; outcome: 'compensated' | 'nothingToDo' }
  | { type: 'SagaCompensationFailed'; step: string; attempts: number; code: string }
  | { type: 'SagaBlocked'; step: string; code: string }
  | { type: 'SagaIntervened'; step: string; action: string; actor: string; reason: string; requestId: string }
  | { type: 'SagaCancelAccepted'; by: 'update' | 'temporal'; actor: string; reason: string }
  | { type: 'SagaWaitStarted'; approval: string; until: string }
  | { type: 'SagaWaitEnded'; approval: string; answer: WaitAnswer; actor?: string; reason?: string }
  | { type: 'SagaEnded'; state: Verdict; reason: string | null };

export type WaitAnswer = 'approved' | 'rejected' | 'expired' | 'deadlineExceeded' | 'cancelled';

/** One transition. `name` is what the audit trail calls it: the event's type, and `<SagaType>Completed` at the end. */
export interface JournalEntry {
  readonly seq: number;
  /** ISO 8601, UTC: the workflow's clock. */
  readonly at: string;
  readonly name: string;
  readonly event: SagaEvent;
}

const TERMINAL_NAMES: Readonly<Record<Verdict, string>> = {
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
};

/** The name of an event in the audit trail: `OrderFulfillmentFailed` for the end of an `OrderFulfillment` that failed. */
export const entryName = (event: SagaEvent, sagaType: string): string =>
  event.type === 'SagaEnded' ? `${sagaType}${TERMINAL_NAMES[event.state]}` : event.type;

/** A saga before its first entry. */
export const blankRecord = (sagaId: string): SagaRecord => ({
  sagaId,
  sagaType: '',
  state: 'STARTED',
  data: {},
  currentStep: null,
  blockedOn: null,
  waitingFor: null,
  reason: null,
  steps: [],
  waivers: [],
  deadLetters: [],
  createdAt: '',
  updatedAt: '',
});

/** The record after one more entry. Pure: the same entries give the same record, in a workflow and in a database. */
export function applyEntry(record: SagaRecord, { event, at }: JournalEntry): SagaRecord {
  return { ...record, updatedAt: at, ...change(record, event, at) };
}

function change(record: SagaRecord, event: SagaEvent, at: string): Partial<SagaRecord> {
  switch (event.type) {
    case 'SagaStarted': {
      const steps = event.steps.map((step) => ({ ...step, status: 'pending' as const, attempts: 0 }));
      return { sagaType: event.sagaType, data: event.data, steps, createdAt: at };
    }
    case 'SagaStepStarted':
    case 'SagaStepCompleted':
    case 'SagaStepFailed':
    case 'SagaStepTimedOut':
    case 'SagaStepUnknown':
      return stepChange(record, event, at);
    case 'SagaCompensationStarted':
    case 'SagaCompensationCompleted':
    case 'SagaCompensationFailed':
      return compensationChange(record, event, at);
    case 'SagaBlocked':
      return { blockedOn: event.step, steps: withStep(record, event.step, blocked(event.code)) };
    case 'SagaIntervened':
      return intervened(record, event);
    case 'SagaCancelAccepted':
      return { state: 'COMPENSATING', reason: 'CancelRequested' };
    case 'SagaWaitStarted':
      return { state: 'PENDING', waitingFor: { approval: event.approval, until: event.until } };
    case 'SagaWaitEnded':
      return { waitingFor: null, ...(WAIT_REASONS[event.answer] && unwinding(record, WAIT_REASONS[event.answer])) };
    default: // SagaEnded
      return { state: event.state, reason: event.reason, blockedOn: null };
  }
}

type StepEvent = EventOf<
  'SagaStepStarted' | 'SagaStepCompleted' | 'SagaStepFailed' | 'SagaStepTimedOut' | 'SagaStepUnknown'
>;

function stepChange(record: SagaRecord, event: StepEvent, at: string): Partial<SagaRecord> {
  const { step } = event;
  switch (event.type) {
    case 'SagaStepStarted': {
      const { timeoutAt } = event;
      return {
        state: record.state === 'STARTED' ? 'PENDING' : record.state,
        currentStep: step,
        blockedOn: null,
        steps: withStep(record, step, ({ executedAt = at }) => ({ status: 'executing', executedAt, timeoutAt })),
      };
    }
    case 'SagaStepCompleted':
      return {
        data: { ...record.data, ...idsAndTotals(event.result) },
        blockedOn: null,
        steps: withStep(record, step, spent(event, 'completed', { result: event.result })),
      };
    case 'SagaStepFailed':
      return stepFailed(record, event);
    default: // SagaStepTimedOut, SagaStepUnknown
      return {
        ...unwindingBecause(record, step, event.code),
        steps: withStep(record, step, spent(event, 'unknown', failure(event.code))),
      };
  }
}

type CompensationEvent = EventOf<'SagaCompensationStarted' | 'SagaCompensationCompleted' | 'SagaCompensationFailed'>;

function compensationChange(record: SagaRecord, event: CompensationEvent, at: string): Partial<SagaRecord> {
  const { step } = event;
  switch (event.type) {
    case 'SagaCompensationStarted': {
      const { timeoutAt } = event;
      return { currentStep: step, steps: withStep(record, step, () => ({ status: 'compensating', timeoutAt })) };
    }
    case 'SagaCompensationCompleted':
      return {
        blockedOn: null,
        steps: withStep(record, step, spent(event, event.outcome, { compensatedAt: at })),
      };
    default: // SagaCompensationFailed
      return { steps: withStep(record, step, spent(event, 'compensating', failure(event.code))) };
  }
}

/** A step past its pivot, or a retriable one, that blocks: whether it happened is not known. */
const blocked =
  (code: string) =>
  ({ status }: StepRecord): Partial<StepRecord> => ({
    status: status === 'executing' ? 'unknown' : status,
    ...failure(code),
  });

const WAIT_REASONS: Readonly<Partial<Record<WaitAnswer, string>>> = {
  rejected: 'ApprovalRejected',
  expired: 'ApprovalExpired',
  deadlineExceeded: 'DeadlineExceeded',
};

type EventOf<Type extends SagaEvent['type']> = Extract<SagaEvent, { type: Type }>;

function stepFailed(record: SagaRecord, event: EventOf<'SagaStepFailed'>): Partial<SagaRecord> {
  const steps = withStep(record, event.step, spent(event, 'failed', failure(event.code)));
  return event.deadLetter
    ? { steps, deadLetters: [...record.deadLetters, event.step] }
    : { steps, ...unwindingBecause(record, event.step, event.code) };
}

function intervened(record: SagaRecord, event: EventOf<'SagaIntervened'>): Partial<SagaRecord> {
  const { step, action, actor, reason } = event;
  if (action === 'block') return {};
  if (action === 'retry') return { blockedOn: null };
  if (action !== 'skip') return { blockedOn: null };
  return {
    blockedOn: null,
    steps: withStep(record, step, () => ({ status: 'skipped' })),
    waivers: [...record.waivers, { step, actor, reason }],
  };
}

/** A retriable step never unwinds anything; the first reason stays. */
function unwindingBecause(record: SagaRecord, step: string, code: string): Partial<SagaRecord> {
  return record.steps.find(({ name }) => name === step)?.kind === 'retriable' ? {} : unwinding(record, code);
}

const unwinding = (record: SagaRecord, code: string | undefined): Partial<SagaRecord> => ({
  state: 'COMPENSATING',
  reason: record.reason ?? code ?? null,
});

const failure = (code: string): Partial<StepRecord> => ({
  error: { code, message: code === 'StepTimedOut' ? 'Step timed out' : code },
});

const spent =
  (event: { attempts: number }, status: StepStatus, more: Partial<StepRecord>) =>
  (step: StepRecord): Partial<StepRecord> => ({ ...more, status, attempts: step.attempts + event.attempts });

/** A step that was not declared (the notice at the end of unwinding) is appended when it starts. */
function withStep(
  record: SagaRecord,
  name: string,
  next: (step: StepRecord) => Partial<StepRecord>,
): readonly StepRecord[] {
  const known = record.steps.some((step) => step.name === name);
  const steps: readonly StepRecord[] = known
    ? record.steps
    : [...record.steps, { name, kind: 'retriable', status: 'pending', attempts: 0 }];
  return steps.map((step) => (step.name === name ? { ...step, ...next(step) } : step));
}

/** What a step's result adds to the saga's data: results are ids and totals only. */
function idsAndTotals(result: unknown): Readonly<Record<string, unknown>> {
  if (typeof result !== 'object' || result === null) return {};
  return Object.fromEntries(Object.entries(result).filter(([key]) => key !== 'attempts'));
}
