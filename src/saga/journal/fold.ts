/**
 * The fold: a saga's record *is* the fold over its entries, so that an audit trail and a read model cannot disagree with
 * the workflow.
 */
import type { Awaited, SagaRecord, StepRecord, WaitingFor } from '../record.js';
import type { Events, SagaEvent, SentEntry } from './events.js';

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
export function applyEntry(record: SagaRecord, { event, at }: SentEntry): SagaRecord {
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
