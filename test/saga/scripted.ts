/** A saga whose steps come from its input, so that a test (or a generator) can say what shape it has. */
import { ApplicationFailure } from '@temporalio/common';
import {
  CancellationScope,
  ContinueAsNew,
  condition,
  executeChild,
  defineSignal,
  defineUpdate,
  proxyActivities,
  proxySinks,
  setHandler,
  upsertMemo,
  workflowInfo,
  type Sinks,
} from '@temporalio/workflow';
import {
  compensatable,
  defineSaga,
  last,
  pivot,
  retriable,
  type CarriedSaga,
  type Saga,
  type SagaOutcome,
  type SagaRecord,
  type Step,
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
  /** An approval's: times the usual time-out. */
  readonly patience?: number;
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
  /** How long the participant may work on an attempt that has ended for us; half a minute unless said otherwise. */
  readonly processing?: number;
  /**
   * Each transition is told to the worker's sink, instead of blocks being shown in the memo; and the run is left open
   * at its end until it is dismissed, so that it answers queries without being replayed.
   */
  readonly told?: boolean;
  readonly bug?: boolean;
  /** The body ends with a failure of its own, of this type. */
  readonly failure?: string;
  /** The workflow around the saga has an Update of its own, `untilEnd`, that waits for the verdict. */
  readonly polled?: boolean;
  /** Instead of one group after the other. */
  readonly body?: keyof typeof BODIES;
  /** The journal is carried, and `storeJournal` stores it. */
  readonly journal?: boolean;
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

export const dismiss = defineSignal('dismiss');
export const untilEnd = defineUpdate<string>('untilEnd');

const { audience } = proxySinks<Audience>();

const call = proxyActivities<ScriptedActivities>({ startToCloseTimeout: '1s' });

function defined({ name, kind, probed }: PlannedStep, plan: Plan) {
  const { attempt = 1000 } = plan;
  const budget = { attempt, total: plan.budget };
  const action = { activity: call.act, budget, refusals: ['Refused', 'AlreadyCancelled', 'CancelRequested'] };
  if (kind === 'pivot') return pivot(name, action);
  if (kind === 'block') return retriable(name, action, { onExhausted: 'block' });
  if (kind !== 'compensatable') return retriable(name, action, { onExhausted: 'deadLetter' });
  const undoBudget = { attempt, total: plan.undoBudget };
  const compensation = { activity: call.undo, budget: undoBudget, refusals: ['UndoRefused'] };
  const probe = { activity: call.ask, budget, refusals: [], maximumProcessingTime: plan.processing ?? 30_000 };
  return compensatable(name, action, compensation, probed ? { probe } : {});
}

async function waitForTheEnd(): Promise<string> {
  const state = (): string => String(workflowInfo().memo?.['state']);
  await condition(() => ['COMPLETED', 'FAILED', 'CANCELLED'].includes(state()));
  return state();
}

const NOTICE: PlannedStep = { name: 'notice', kind: 'deadLetter' };

function definedSteps(plan: Plan): Record<string, Step> {
  const planned = [...plan.groups.flat().filter(({ kind }) => kind !== 'approval'), NOTICE];
  return Object.fromEntries(planned.map((step, index) => [`${index} ${step.name}`, defined(step, plan)]));
}

const saga = defineSaga(
  {
    type: 'Scripted',
    id: ({ sagaId }: Plan) => sagaId,
    data: ({ sagaId }) => ({ sagaId }),
    deadline: ({ deadline }) => deadline,
    steps: definedSteps,
    afterUnwinding: (steps, { sagaId }) => {
      const notice = Object.values(steps).find(({ name }) => name === 'notice');
      if (notice?.kind !== 'retriable') throw new Error('no notice');
      return last(notice, { sagaId, step: 'notice' } as never);
    },
    // A test that waits for a block reads the memo.
    onEntry: (record, { blockedOn: before }, { told, polled }) => {
      if (polled) upsertMemo({ state: record.state });
      if (told) audience.told(record);
      else if (record.blockedOn !== before) upsertMemo({ blockedOn: record.blockedOn });
    },
    storeJournal: (plan) => (plan.journal ? call.storeJournal : undefined),
    historyLimit: ({ historyLimit }) => historyLimit,
  },
  (able, steps, plan) => bodyOf(plan, able, Object.values(steps)),
);

export async function scripted(plan: Plan, carried?: CarriedSaga): Promise<SagaOutcome> {
  let dismissed = !plan.told;
  setHandler(dismiss, () => void (dismissed = true));
  if (plan.polled) setHandler(untilEnd, waitForTheEnd);
  try {
    return await saga(plan, carried);
  } catch (error) {
    // The next run is not waited for.
    if (error instanceof ContinueAsNew) dismissed = true;
    throw error;
  } finally {
    await CancellationScope.nonCancellable(() => condition(() => dismissed));
  }
}

/** Runs a saga's input as a child, whose workflow id is another one. */
export const fosterParent = (plan: Plan): Promise<SagaOutcome> => executeChild(scripted, { args: [plan] });

async function bodyOf(plan: Plan, able: Saga, steps: readonly Step[]): Promise<void> {
  const compensatableStep = (name: string): PlannedStep => ({ name, kind: 'compensatable' });
  if (plan.body) {
    await BODIES[plan.body](
      (name, input) => runOne(able, compensatableStep(name), plan, steps, input),
      (approval, timeout) => able.awaitApproval(approval, timeout),
    );
  } else for (const group of plan.groups) await Promise.all(group.map((step) => runOne(able, step, plan, steps)));
  if (plan.bug) throw new TypeError('a programming error');
  if (plan.failure !== undefined) throw ApplicationFailure.nonRetryable('the body says no', plan.failure);
}

function runOne(
  able: Saga,
  planned: PlannedStep,
  plan: Plan,
  steps: readonly Step[],
  given?: StepInput,
): Promise<unknown> {
  if (planned.kind === 'approval')
    return able.awaitApproval(planned.name, (plan.approvalTimeout ?? plan.budget) * (planned.patience ?? 1));
  const step = steps.find(({ name }) => name === planned.name);
  if (!step) throw new Error(`no step ${planned.name}`);
  const input = (given ?? { sagaId: plan.sagaId, step: planned.name }) as never;
  if (planned.kind === 'last' && step.kind === 'retriable') return able.last(step, input);
  return step.kind === 'compensatable' ? able.run(step, input) : able.run(step, input);
}

type Runner = (name: string, input?: StepInput) => Promise<unknown>;
type Asker = (approval: string, timeout: number) => Promise<void>;

/** What a body may do, if it must. */
const BODIES = {
  /** `b` fails while another step is awaited. */
  async awaitsLater(run: Runner): Promise<void> {
    const b = run('b');
    await run('a');
    await b;
  },
  /** One input object for two steps, changed in between. */
  async reusesItsInput(run: Runner): Promise<void> {
    const input = { sagaId: workflowInfo().workflowId, step: 'a' };
    await run('a', input);
    input.step = 'b';
    await run('b', input);
    input.step = 'c';
    await run('c', input);
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
  /** Each of two branches waits for an approval of its own, the first for less time, and goes on by itself. */
  async waitsInBranches(run: Runner, approval: Asker): Promise<void> {
    const branch = async (name: string, timeout: number, next: string): Promise<unknown> => {
      await approval(name, timeout);
      return run(next);
    };
    await Promise.all([branch('boss', 60_000, 'b'), branch('legal', 600_000, 'c')]);
  },
} satisfies Record<string, (run: Runner, approval: Asker) => Promise<unknown>>;
