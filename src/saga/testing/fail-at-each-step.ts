/**
 * Runs a saga once per step and fault, and checks each run's result: everything is done, or nothing has happened. (As
 * in Oxide's steno: fail at each step in turn, then verify a clean slate.)
 */
import { randomUUID } from 'node:crypto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import type { WorkerOptions, WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { getSagaJournal } from '../messages.js';
import type { StepRecord } from '../record.js';
import { judge, type Fault, type Trial } from './judge.js';
import type { Behaviour, Participant } from './participant.js';
import { endOf } from './trial.js';

/** The arguments of `failAtEachStep`. `Input` is the saga's input. */
export interface Rehearsal<Input> {
  /** The name under which the module exports the saga. */
  readonly workflowType: string;
  /** The file that exports the saga, as for a worker. */
  readonly workflowsPath: string;
  /** Makes an input whose saga has this id; called once for each run. */
  readonly input: (sagaId: string) => Input;
  /** The activities that the saga calls: those of the participant, and any of your own. */
  readonly activities: NonNullable<WorkerOptions['activities']>;
  readonly participant: Participant;
  /** A time-skipping environment that you close; one is started and closed if this is left out. */
  readonly env?: TestWorkflowEnvironment;
  /** More for the worker: interceptors, a data converter, a bundle in place of `workflowsPath`. */
  readonly worker?: Partial<WorkerOptions>;
}

/** The faults of each step in turn; `answerLostOnce` only delays the saga. */
const FAULTS: Readonly<Record<Fault, Behaviour | readonly Behaviour[]>> = {
  refused: 'refuse',
  neverAnswered: 'late',
  answerLost: 'lost',
  answerLostOnce: ['lost'],
};

/**
 * Runs the saga once with all well, and then once for each step that it ran and each fault: refused, never answered (all
 * attempts arrive after the saga has ended), every answer lost, one answer lost. Each run must end as the kind of the step
 * asks: with everything done, or with every effect undone and no late original applied; a step that cannot be undone may
 * wait for an operator. Returns the runs, for a report.
 *
 * ```ts
 * const participant = createParticipant();
 * await failAtEachStep({
 *   workflowType: 'payOrder',
 *   workflowsPath: new URL('./pay-order.js', import.meta.url).pathname,
 *   input: (orderId) => ({ orderId }),
 *   participant,
 *   activities: {
 *     processPayment: participant.action('process_payment', { refusal: 'PaymentDeclined' }),
 *     refundPayment: participant.compensation('process_payment'),
 *   },
 * });
 * ```
 *
 * @throws AggregateError that lists every run which did not end as it must
 */
export async function failAtEachStep<Input>(rehearsal: Rehearsal<Input>): Promise<readonly Trial[]> {
  const env = rehearsal.env ?? (await openEnvironment());
  try {
    const { activities, worker: more } = rehearsal;
    const taskQueue = `rehearsal-${randomUUID()}`;
    const workflowBundle = more?.workflowBundle ?? (await bundle(rehearsal));
    const connection = env.nativeConnection;
    const worker = await Worker.create({ activities, ...more, workflowBundle, connection, taskQueue });
    const trials = await worker.runUntil(() => allTrials(env, taskQueue, rehearsal));
    const findings = trials.flatMap(({ findings }) => findings.map((finding) => new Error(finding)));
    if (findings.length > 0) throw new AggregateError(findings, findings.map(({ message }) => message).join('\n'));
    return trials;
  } finally {
    if (!rehearsal.env) await env.teardown();
  }
}

const bundle = ({ workflowsPath, worker }: Omit<Rehearsal<unknown>, 'input'>): Promise<WorkflowBundleWithSourceMap> =>
  bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: worker?.interceptors?.workflowModules ?? [],
    // Webpack's messages about a bundle that it could make are not about the saga.
    logger: new DefaultLogger('WARN'),
  });

/** The SDK gives the server five seconds to start, which a crowded machine may not have: it gets three of these. */
async function openEnvironment(tries = 3): Promise<TestWorkflowEnvironment> {
  try {
    return await TestWorkflowEnvironment.createTimeSkipping();
  } catch (error) {
    if (tries === 1 || !/did not start within/.test(String(error))) throw error;
    return await openEnvironment(tries - 1);
  }
}

async function allTrials<Input>(env: TestWorkflowEnvironment, taskQueue: string, rehearsal: Rehearsal<Input>) {
  const happy = await trial(env, taskQueue, rehearsal);
  const trials = [happy.trial];
  for (const step of happy.ran) {
    for (const fault of Object.keys(FAULTS) as Fault[]) {
      if (fault === 'refused' && rehearsal.participant.scripts.get(step.name)?.refusal === undefined) continue;
      trials.push((await trial(env, taskQueue, rehearsal, { step, fault })).trial);
    }
  }
  return trials;
}

type Victim = { readonly step: Pick<StepRecord, 'name' | 'kind'>; readonly fault: Fault };

async function trial<Input>(
  env: TestWorkflowEnvironment,
  taskQueue: string,
  { workflowType, input, participant }: Rehearsal<Input>,
  victim?: Victim,
) {
  const sagaId = `rehearsal-${randomUUID()}`;
  participant.behaveWell();
  if (victim) {
    const behaviour = FAULTS[victim.fault];
    participant.behave('act', victim.step.name, typeof behaviour === 'string' ? behaviour : [...behaviour]);
  }
  const handle = await env.client.workflow.start(workflowType, {
    workflowId: sagaId,
    taskQueue,
    args: [input(sagaId)],
  });
  const outcome = await endOf(env, handle);
  const journal = await handle.query(getSagaJournal);
  if (outcome.closed === undefined) await handle.terminate('it waits for an operator, as it should');
  participant.arriveLate();
  const started = new Set(journal.flatMap(({ event }) => (event.type === 'SagaStepStarted' ? [event.step] : [])));
  const ran = outcome.record.steps.filter(({ name }) => started.has(name));
  return { ran, trial: judge(sagaId, outcome, participant, victim) };
}
