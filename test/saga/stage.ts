/** Puts scripted sagas on stage: a worker, a participant, and time that skips only while a result is awaited. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import path from 'node:path';
import { WithStartWorkflowOperation, WorkflowUpdateFailedError, WorkflowUpdateStage } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import proto from '@temporalio/proto';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { approve, cancelSaga, getSagaJournal, getSagaState, reject, resolveStep } from '../../src/saga/saga.js';
import type {
  CarriedSaga,
  Entry,
  ResolveAction,
  ResolveRequest,
  SagaOutcome,
  SagaRecord,
  SteeringRequest,
} from '../../src/saga/saga.js';
import { failedTasksIn } from '../support/failed-tasks.js';
import { createTimeSkipping, madeOnce, type TestEnv, type TestWorker } from '../support/temporal.js';
import { eventually } from '../support/eventually.js';
import type { Archive } from './archive.js';
import { createParticipant, type Participant } from './participant.js';
import * as script from './scripted.js';
import type { Plan, PlannedStep, ScriptedActivities, StepInput } from './scripted.js';

export type Running = WorkflowHandle<typeof script.scripted>;

export interface Stage {
  readonly participant: Participant;
  start(groups: readonly (readonly PlannedStep[])[], more?: Partial<Plan>): Promise<Running>;
  /** Starts a saga whose first workflow task already carries a cancel, as when no worker lived meanwhile. */
  startCancelled(groups: readonly (readonly PlannedStep[])[]): Promise<{ saga: Running; decision: unknown }>;
  /** Starts a saga whose first workflow task comes two seconds later, or with a cancel. Dev server only. */
  startLater(groups: readonly (readonly PlannedStep[])[]): Promise<Running>;
  /** Starts the same input under another workflow id, at the top or as a child; or once more under its own. */
  startCopy(saga: Running, as: 'workflow' | 'child' | 'itself', carried?: CarriedSaga): Promise<WorkflowHandle>;
  /** The outcome, with time skipping until it is there. Release first what is held: a running activity stops time. */
  outcomeOf(saga: Running): Promise<SagaOutcome>;
  /** Waits on the clock until the saga is blocked, on the step if one is named, or has ended: this server loses Updates to a run whose time it skipped. */
  blocks(saga: Running, step?: string): Promise<SagaRecord>;
  /** Resets the saga to this event; the Updates after it are not applied again. */
  reset(saga: Running, eventId: unknown): Promise<void>;
  /** Plays while no worker lives. Dev server only: on the other one a task that nobody takes stops time. */
  withoutWorker<T>(body: () => Promise<T>): Promise<T>;
  /** The present run, also after a continue-as-new. */
  latest(saga: Running): WorkflowHandle;
  recordOf(saga: Running): Promise<SagaRecord>;
  journalOf(saga: Running): Promise<readonly Entry[]>;
  answer(saga: Running, answer: 'approve' | 'reject', approval?: string): Promise<unknown>;
  /** Waits until a workflow task of the saga has failed, ends the saga, and returns what failed; or that it ended. */
  alarmOf(saga: WorkflowHandle): Promise<string>;
  cancel(saga: Running, more?: { validUntil?: string; updateId?: string }): Promise<unknown>;
  resolve(
    saga: Running,
    step: string,
    action: ResolveAction,
    more?: { requestId?: string; reason?: string; actor?: string },
  ): Promise<unknown>;
  /** The same, but only until it is accepted; what it resolves to waits for the answer. */
  propose(saga: Running, step: string, action: ResolveAction): Promise<() => Promise<unknown>>;
}

export const bundleScripted = async (): Promise<string> => {
  const workflowsPath = path.join(import.meta.dirname, 'scripted.ts');
  const workflowInterceptorModules = [
    path.join(import.meta.dirname, '..', '..', 'src', 'workflows', 'interceptors', 'journal.ts'),
  ];
  const logger = new DefaultLogger('WARN');
  const bundle = async (): Promise<string> =>
    (await bundleWorkflowCode({ workflowsPath, workflowInterceptorModules, logger })).code;
  return readFileSync(await madeOnce('scripted-bundle.js', bundle), 'utf8');
};

export const compensatable = (...names: string[]): PlannedStep[][] =>
  names.map((name) => [{ name, kind: 'compensatable' }]);

const UPDATES = proto.temporal.api.enums.v1.ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** On the clock, and short of a test's time-out. */
const A_WHILE = 50_000;

/** Budgets that are spent in seconds on the clock. */
export const BRIEF = { budget: 3000, undoBudget: 3000 };

/** A validity that outlasts any skipped time. */
export const farAhead = (): string => new Date(Date.now() + 10 * 365 * DAY).toISOString();

/** Participants by saga: one worker serves a file for as long as anybody may ask. */
type Cast = Map<string, Participant>;

const activitiesOf = (cast: Cast): ScriptedActivities => {
  const of = ({ sagaId }: StepInput): Participant['activities'] => {
    const participant = cast.get(sagaId);
    if (!participant) throw new Error(`nobody plays ${sagaId}`);
    return participant.activities;
  };
  return {
    act: (input) => of(input).act(input),
    undo: (input) => of(input).undo(input),
    ask: (input) => of(input).ask(input),
    storeJournal: async () => undefined,
  };
};

async function onStage(
  { env, taskQueue, cast, stopWorker, startWorker }: House,
  play: (stage: Stage) => Promise<void>,
): Promise<void> {
  const participant = createParticipant();
  // By workflow id alone: what is asked must reach the present run, also after a continue-as-new.
  const latest = ({ workflowId }: Running): WorkflowHandle => env.client.workflow.getHandle(workflowId);
  const recordOf = (saga: Running): Promise<SagaRecord> => latest(saga).query(getSagaState);
  const plans = new Map<string, Plan>();
  const alarmed = new Set<string>();
  const startOptions = (groups: Plan['groups'], more: Partial<Plan> = {}) => {
    const sagaId = `saga-${randomUUID()}`;
    cast.set(sagaId, participant);
    const plan: Plan = { sagaId, groups, budget: 300_000, undoBudget: HOUR, deadline: 7 * DAY, ...more };
    plans.set(sagaId, plan);
    return { workflowId: sagaId, taskQueue, args: [plan] as [Plan] };
  };
  const cancelRequest = (validUntil = farAhead()): [SteeringRequest] => [
    { actor: 'customer', reason: 'changed my mind', validUntil },
  ];
  const stage: Stage = {
    participant,
    start: (groups, more) => env.client.workflow.start(script.scripted, startOptions(groups, more)),
    startLater: (groups) => env.client.workflow.start(script.scripted, { ...startOptions(groups), startDelay: '2s' }),
    startCancelled: async (groups) => {
      const startWorkflowOperation = new WithStartWorkflowOperation(script.scripted, {
        ...startOptions(groups),
        workflowIdConflictPolicy: 'FAIL',
      });
      const decision = await env.client.workflow.executeUpdateWithStart(cancelSaga, {
        startWorkflowOperation,
        args: cancelRequest(),
      });
      return { saga: await startWorkflowOperation.workflowHandle(), decision };
    },
    startCopy: ({ workflowId }, as, carried) => {
      const plan = plans.get(workflowId);
      if (!plan) throw new Error(`${workflowId} was not started here`);
      const elsewhere = { taskQueue, workflowId: as === 'itself' ? workflowId : `${workflowId}-${as}` };
      return as === 'child'
        ? env.client.workflow.start(script.fosterParent, { ...elsewhere, args: [plan] })
        : env.client.workflow.start(script.scripted, { ...elsewhere, args: carried ? [plan, carried] : [plan] });
    },
    outcomeOf: (saga) => env.skipUntil(saga.result()),
    blocks: async (saga, step) => {
      await eventually('it to block or to end', A_WHILE, async () => {
        const { status, memo } = await latest(saga).describe();
        const blockedOn = memo?.['blockedOn'];
        const isBlocked = step === undefined ? !!blockedOn : blockedOn === step;
        return isBlocked || !['RUNNING', 'CONTINUED_AS_NEW'].includes(status.name);
      });
      return recordOf(saga);
    },
    withoutWorker: async (body) => {
      await stopWorker();
      return body().finally(startWorker);
    },
    latest,
    reset: async ({ workflowId }, eventId) => {
      await env.client.workflowService.resetWorkflowExecution({
        namespace: env.namespace,
        workflowExecution: { workflowId },
        reason: 'test',
        requestId: randomUUID(),
        workflowTaskFinishEventId: eventId as never,
        resetReapplyExcludeTypes: [UPDATES],
      });
    },
    recordOf,
    journalOf: (saga) => latest(saga).query(getSagaJournal),
    answer: (saga, answer, approval) =>
      saga.executeUpdate(answer === 'approve' ? approve : reject, {
        args: [
          { actor: 'anna', reason: 'the amount is plausible', validUntil: farAhead(), ...(approval && { approval }) },
        ],
      }),
    alarmOf: async (saga) => {
      alarmed.add(saga.workflowId);
      const seen = await eventually('a failed workflow task, or an end', A_WHILE, async () => {
        const { events = [] } = await saga.fetchHistory();
        if (events?.some((event) => event.workflowExecutionCompletedEventAttributes)) return 'ended';
        return events?.find((event) => event.workflowTaskFailedEventAttributes);
      });
      if (seen === 'ended') return 'no alarm, but an end';
      await saga.terminate('seen to fail');
      return seen.workflowTaskFailedEventAttributes?.failure?.message ?? '';
    },
    cancel: (saga, { validUntil, updateId = randomUUID() } = {}) =>
      saga.executeUpdate(cancelSaga, { updateId, args: cancelRequest(validUntil) }),
    resolve: (saga, step, action, { requestId = randomUUID(), reason = 'looked into it', actor = 'olga' } = {}) =>
      saga.executeUpdate(resolveStep, {
        args: [{ step, action, actor, reason, requestId, validUntil: farAhead() }],
      }),
    propose: async (saga, step, action) => {
      const request = { step, action, actor: 'olga', reason: 'looked into it', requestId: randomUUID() };
      const waitForStage = WorkflowUpdateStage.ACCEPTED;
      const args: [ResolveRequest] = [{ ...request, validUntil: farAhead() }];
      const update = await saga.startUpdate(resolveStep, { args, waitForStage });
      return () => update.result();
    },
  };
  // Whatever is still held would hold the worker, and hide why a play failed behind a time-out.
  await play(stage).finally(() => participant.release());
  for (const workflowId of plans.keys()) {
    const failed = alarmed.has(workflowId)
      ? []
      : failedTasksIn(await env.client.workflow.getHandle(workflowId).fetchHistory());
    expect({ workflowId, failed }).toEqual({ workflowId, failed: [] });
  }
}

/** What it resolves to; `no answer` after twenty seconds on the clock, so that an assertion fails and not the test's time. */
export const soon = <T>(awaited: Promise<T>): Promise<T | 'no answer'> =>
  Promise.race([awaited, pause(20_000, 'no answer' as const, { ref: false })]);

/** The code with which a request was refused; `accepted` where it was not. */
export async function refusalOf(request: Promise<unknown>): Promise<string | null | undefined> {
  const error: unknown = await request.then(
    () => 'accepted',
    (reason: unknown) => reason,
  );
  if (error === 'accepted') return error;
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
  return error.cause.type;
}

export const statusOf = ({ steps }: SagaRecord, name: string): string | undefined =>
  steps.find((step) => step.name === name)?.status;

interface House {
  readonly env: TestEnv;
  readonly taskQueue: string;
  readonly cast: Cast;
  stopWorker(): Promise<void>;
  startWorker(): Promise<void>;
}

/** A server and a worker for the test file that calls this; what it returns makes a test of a play. */
export function theatre(
  openServer: () => Promise<TestEnv> = createTimeSkipping,
  archive?: Archive,
): (body: (stage: Stage) => Promise<void>) => () => Promise<void> {
  const taskQueue = `scripted-${randomUUID()}`;
  const cast: Cast = new Map();
  let env: TestEnv;
  let worker: TestWorker;
  const stopWorker = (): Promise<void> => worker.stop();
  const startWorker = async (): Promise<void> => {
    worker = await env.startWorker({
      taskQueue,
      workflowBundle: { code: await bundleScripted() },
      activities: activitiesOf(cast),
      interceptors: { activity: archive ? [archive.interceptor] : [] },
    });
  };
  beforeAll(async () => {
    [env] = await Promise.all([openServer(), bundleScripted()]);
    await startWorker();
  });
  afterAll(async () => {
    await stopWorker();
    await env.close();
  });
  return (body) => () => onStage({ env, taskQueue, cast, stopWorker, startWorker }, body);
}
