/** A saga whose steps come from its input, so that a test (or a generator) can say what shape it has. */
import { ApplicationFailure } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  continueAsNew,
  executeChild,
  defineQuery,
  defineSignal,
  defineUpdate,
  proxyActivities,
  proxyLocalActivities,
  proxySinks,
  setHandler,
  upsertMemo,
  type Sinks,
} from '@temporalio/workflow';
import {
  compensatable,
  pivot,
  retriable,
  runSaga,
  type CarriedSaga,
  type Decision,
  type JournalEntry,
  type ResolveRequest,
  type Saga,
  type SagaOutcome,
  type SagaRecord,
  type SteeringRequest,
  type Undone,
} from '../../src/saga/saga.js';

export interface StepInput {
  readonly sagaId: string;
  readonly step: string;
}

export interface PlannedStep {
  readonly name: string;
  readonly kind: 'compensatable' | 'pivot' | 'block' | 'deadLetter' | 'last' | 'approval';
  readonly probed?: boolean;
}

export interface Plan {
  readonly sagaId: string;
  /** Run one after the other; the steps of a group run in parallel. */
  readonly groups: readonly (readonly PlannedStep[])[];
  /** Milliseconds. */
  readonly budget: number;
  readonly undoBudget: number;
  readonly deadline: number;
  /** One attempt; a second unless said otherwise. */
  readonly attempt?: number;
  /** `budget` unless said otherwise. */
  readonly approvalTimeout?: number;
  readonly historyLimit?: number;
  /**
   * Each transition is told to the worker's sink, instead of blocks being shown in the memo; and the run is left open
   * at its end until it is dismissed, so that it answers queries without being replayed.
   */
  readonly told?: boolean;
  readonly bug?: boolean;
  /** The body ends with a failure of its own, of this type. */
  readonly failure?: string;
  /** Instead of one group after the other. */
  readonly body?: keyof typeof BODIES;
  /** The journal is carried, and `storeJournal` stores it. */
  readonly journal?: boolean;
  /** Calls are attempted on the workflow's queue first, and compensations as local activities. */
  readonly eager?: boolean;
  /** What follows the unwinding fails. */
  readonly afterFails?: boolean;
}

export interface ParticipantActivities {
  act(input: StepInput): Promise<{ readonly step: string; readonly attempts: number }>;
  undo(input: StepInput): Promise<Undone & { readonly attempts: number }>;
  ask(input: StepInput): Promise<{ readonly effect: 'applied' | 'none' }>;
}

export interface ScriptedActivities extends ParticipantActivities {
  storeJournal(): Promise<void>;
}

/** What a worker may listen to. The last of several tellings counts: a workflow task may be run again. */
export interface Audience extends Sinks {
  audience: { told(record: SagaRecord): void };
}

export const getState = defineQuery<SagaRecord>('state');
export const getJournal = defineQuery<readonly JournalEntry[]>('journal');
export const cancel = defineUpdate<Decision, [SteeringRequest]>('cancel');
export const approve = defineUpdate<Decision, [SteeringRequest]>('approve');
export const reject = defineUpdate<Decision, [SteeringRequest]>('reject');
export const dismiss = defineSignal('dismiss');
export const resolve = defineUpdate<Decision, [ResolveRequest]>('resolve');

/** How long the participant may work on an attempt that has ended for us, in milliseconds. */
export const MAXIMUM_PROCESSING_TIME = 30_000;

const { audience } = proxySinks<Audience>();

const call = proxyActivities<ScriptedActivities>({ startToCloseTimeout: '1s' });
const local = proxyLocalActivities<ScriptedActivities>({ startToCloseTimeout: '1s' });

function defined({ name, kind, probed }: PlannedStep, plan: Plan) {
  const { attempt = 1000 } = plan;
  const budget = { attempt, total: plan.budget };
  const first = plan.eager ? { first: call.act } : {};
  const action = { activity: call.act, ...first, budget, refusals: ['Refused', 'AlreadyCancelled'] };
  if (kind === 'pivot') return pivot(name, action);
  if (kind === 'block') return retriable(name, action, { onExhausted: 'block' });
  if (kind !== 'compensatable') return retriable(name, action, { onExhausted: 'deadLetter' });
  const undoBudget = { attempt, total: plan.undoBudget };
  const firstUndo = plan.eager ? { first: call.undo, local: local.undo } : {};
  const compensation = { activity: call.undo, ...firstUndo, budget: undoBudget, refusals: ['UndoRefused'] };
  const probe = { activity: call.ask, budget, refusals: [], maximumProcessingTime: MAXIMUM_PROCESSING_TIME };
  return compensatable(name, action, compensation, probed ? { probe } : {});
}

export async function scripted(plan: Plan, carried?: CarriedSaga): Promise<SagaOutcome> {
  const { sagaId, groups, deadline, historyLimit } = plan;
  const steps = groups.flat().flatMap((step) => (step.kind === 'approval' ? [] : [defined(step, plan)]));
  const notice = defined({ name: 'notice', kind: 'deadLetter' }, plan);
  let dismissed = !plan.told;
  setHandler(dismiss, () => void (dismissed = true));
  const outcome = runSaga(
    {
      sagaType: 'Scripted',
      sagaId,
      data: { sagaId },
      steps,
      deadline,
      messages: { state: getState, journal: getJournal, cancel, resolve, approve, reject },
      // A test that waits for a block reads the memo.
      onEntry: (record, { blockedOn: before }) => {
        if (plan.told) audience.told(record);
        else if (record.blockedOn !== before) upsertMemo({ blockedOn: record.blockedOn });
      },
      afterUnwinding: async (last) => {
        if (plan.afterFails) throw ApplicationFailure.nonRetryable('no notice', 'Sorry');
        if (notice.kind === 'retriable') await last(notice, { sagaId, step: 'notice' });
      },
      continueAsNew: (blocked) => continueAsNew<typeof scripted>(plan, blocked),
      ...(plan.journal && { storeJournal: call.storeJournal }),
      ...(historyLimit !== undefined && { historyLimit }),
    },
    (saga) => bodyOf(plan, saga, steps),
    carried,
  );
  return outcome.finally(() => CancellationScope.nonCancellable(() => condition(() => dismissed)));
}

/** Runs a saga's input as a child, whose workflow id is another one. */
export const fosterParent = (plan: Plan): Promise<SagaOutcome> => executeChild(scripted, { args: [plan] });

async function bodyOf(plan: Plan, saga: Saga, steps: readonly ReturnType<typeof defined>[]): Promise<void> {
  const compensatableStep = (name: string): PlannedStep => ({ name, kind: 'compensatable' });
  if (plan.body) await BODIES[plan.body]((name) => runOne(saga, compensatableStep(name), plan, steps));
  else for (const group of plan.groups) await Promise.all(group.map((step) => runOne(saga, step, plan, steps)));
  if (plan.bug) throw new TypeError('a programming error');
  if (plan.failure !== undefined) throw ApplicationFailure.nonRetryable('the body says no', plan.failure);
}

function runOne(
  saga: Saga,
  planned: PlannedStep,
  plan: Plan,
  steps: readonly ReturnType<typeof defined>[],
): Promise<unknown> {
  if (planned.kind === 'approval') return saga.awaitApproval(planned.name, plan.approvalTimeout ?? plan.budget);
  const step = steps.find(({ name }) => name === planned.name);
  if (!step) throw new Error(`no step ${planned.name}`);
  const input = { sagaId: plan.sagaId, step: planned.name };
  if (planned.kind === 'last' && step.kind === 'retriable') return saga.last(step, input);
  return step.kind === 'compensatable' ? saga.run(step, input) : saga.run(step, input);
}

type Runner = (name: string) => Promise<unknown>;

/** What a body may do, if it must. */
const BODIES = {
  /** `b` fails while another step is awaited. */
  async awaitsLater(run: Runner): Promise<void> {
    const b = run('b');
    await run('a');
    await b;
  },
  async leavesOutAStep(run: Runner): Promise<void> {
    await run('a');
    await run('mail');
  },
  wrapsFailures: (run: Runner): Promise<unknown> => Promise.any([run('a'), run('b')]),
  /** A branch that nobody awaits goes on when the body has ended. */
  async forgetsABranch(run: Runner): Promise<void> {
    const deep = async (): Promise<unknown> => (async () => (async () => run('b'))())();
    void deep()
      .then(() => run('c'))
      .catch(() => undefined);
    await run('a');
  },
} satisfies Record<string, (run: Runner) => Promise<unknown>>;
