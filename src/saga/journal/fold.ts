/**
 * The fold: a saga's record *is* the fold over its entries, so that audit trail and read model cannot disagree with
 * the workflow.
 */
import { awaitedIn, CANCEL_REQUESTED } from '../record.js';
import type { Awaited, SagaRecord, StepRecord, StepStatus } from '../record.js';
import type { Events, Repair, SagaEvent, SentEntry } from './events.js';

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
  return {
    ...record,
    // One event and its row of the table: the compiler cannot tell that they belong together. An event that is not in it
    // (a reader may be older than a writer) changes nothing but the time.
    ...CHANGES[event.type]?.(event as never, record, at),
    ...('unwinds' in event && { state: 'COMPENSATING', reason: reasonAfter(record, event) }),
    ...('deadLetter' in event && { deadLetters: [...record.deadLetters, event.step] }),
    ...('step' in event && { steps: stepsAfter(record.steps, event, at) }),
    updatedAt: at,
  };
}

/** The first reason stays. Only a repair names another one, because no run ends the unwinding that it stands for. */
function reasonAfter({ reason }: SagaRecord, event: Extract<SagaEvent, { unwinds?: string }>): string | null {
  const isRepair = event.type === 'SagaIntervened' && reason !== CANCEL_REQUESTED;
  return (isRepair ? event.unwinds : (reason ?? event.unwinds)) ?? reason;
}

type Change<Event> = (event: Event, before: SagaRecord, at: string) => Partial<SagaRecord>;

/** The changes of each event in the saga. */
const CHANGES: { readonly [Type in keyof Events]?: Change<Events[Type]> } = {
  SagaStarted: ({ sagaType, data, steps }, _, createdAt) => ({ sagaType, data, steps: steps.map(pending), createdAt }),
  SagaStepStarted: ({ step }, { state }) => ({ state: state === 'STARTED' ? 'PENDING' : state, currentStep: step }),
  SagaStepCompleted: ({ result }, { data }) => ({ data: { ...data, ...result } }),
  SagaCompensationStarted: ({ step }) => ({ currentStep: step }),
  SagaBlocked: ({ step }) => ({ blockedOn: step }),
  SagaIntervened: (event, before) => {
    if (!('step' in event)) return repaired(event, before);
    const { step, action, actor, reason } = event;
    const { blockedOn, waivers } = before;
    return {
      blockedOn: action !== 'block' && blockedOn === step ? null : blockedOn,
      waivers: action === 'skip' ? [...waivers, { step, actor, reason }] : waivers,
    };
  },
  SagaWaitStarted: ({ approval, until }, before) => ({
    state: 'PENDING',
    ...waitsFor([...awaitedIn(before), { approval, until }]),
  }),
  SagaWaitEnded: ({ approval }, before) => waitsFor(awaitedIn(before).filter((wait) => wait.approval !== approval)),
  SagaEnded: ({ state, reason }) => ({ state, reason }),
};

/** Nothing waits any more: the run in which it waited has ended. */
const repaired = ({ keeps, waives = [], actor, reason }: Repair, { waivers }: SagaRecord): Partial<SagaRecord> => ({
  ...keeps,
  blockedOn: null,
  waitingFor: null,
  waivers: [...waivers, ...waives.map((step) => ({ step, actor, reason }))],
});

const waitsFor = ([first, ...also]: readonly Awaited[]): Pick<SagaRecord, 'waitingFor'> => ({
  waitingFor: first ? { ...first, ...(also.length > 0 && { also }) } : null,
});

type StepEvent = Extract<SagaEvent, { step: string }>;

/** The status that each event gives to the step that it names; by another it stays. */
const STATUS: { readonly [Type in StepEvent['type']]?: StepStatus } = {
  SagaStepStarted: 'executing',
  SagaStepCompleted: 'completed',
  SagaStepFailed: 'failed',
  SagaStepTimedOut: 'unknown',
  SagaStepUnknown: 'unknown',
  SagaCompensationStarted: 'compensating',
};

function statusAfter(before: StepStatus, event: StepEvent): StepStatus {
  if (event.type === 'SagaCompensationCompleted') return event.outcome;
  if (event.type === 'SagaIntervened' && event.action === 'skip') return 'skipped';
  // An operator cut it short: it may have happened, or not.
  if (event.type === 'SagaBlocked' && before === 'executing') return 'unknown';
  return STATUS[event.type] ?? before;
}

const pending = (step: Pick<StepRecord, 'name' | 'kind'>): StepRecord => ({ ...step, status: 'pending', attempts: 0 });

const SENTENCES: Readonly<Record<string, string>> = { StepTimedOut: 'Step timed out' };

/** A step that was not declared (the notice after the unwinding) is appended when it starts. */
function stepsAfter(steps: readonly StepRecord[], event: StepEvent, at: string): readonly StepRecord[] {
  const isNew = event.type === 'SagaStepStarted' && !steps.some(({ name }) => name === event.step);
  const all = isNew ? [...steps, pending({ name: event.step, kind: 'retriable' })] : steps;
  const after = (step: StepRecord): StepRecord => ({
    ...step,
    status: statusAfter(step.status, event),
    // The first time counts.
    ...(event.type === 'SagaStepStarted' && { executedAt: step.executedAt ?? at }),
    ...(event.type === 'SagaCompensationCompleted' && { compensatedAt: at }),
    ...('result' in event && { result: event.result }),
    ...('attempts' in event && { attempts: step.attempts + event.attempts }),
    ...('timeoutAt' in event && { timeoutAt: event.timeoutAt }),
    ...('code' in event && { error: { code: event.code, message: SENTENCES[event.code] ?? event.code } }),
  });
  return all.map((step) => (step.name === event.step ? after(step) : step));
}
