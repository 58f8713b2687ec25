/** Many generated sagas in flight: one time-skipping server, one long-lived worker, one participant, one clock. */
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { InjectedSinks } from '@temporalio/worker';
import { getSagaJournal, getSagaState } from '../../src/saga/saga.js';
import type { JournalEntry, SagaOutcome, SagaRecord, SentEntry } from '../../src/saga/saga.js';
import { createArchive, type Archive } from '../saga/archive.js';
import * as script from '../saga/scripted.js';
import type { Plan } from '../saga/scripted.js';
import { bundleScripted } from '../saga/stage.js';
import { failedTasksIn } from '../support/failed-tasks.js';
import { createTimeSkipping, type TestEnv } from '../support/temporal.js';
import { answerApproval, askOnArrival, unblock } from './operator.js';
import { arriveAgain, arriveLate, participantOf } from './participant.js';
import { openScene, type LedgerStatus, type Scene } from './scene.js';
import { LAST, type Operation, type Schedule } from './schedule.js';

const MINUTE = 60_000;

/** Milliseconds on the clock. */
const PATIENCE = 30_000;

/** A saga that was played to its end. */
export interface Played {
  readonly scene: Scene;
  /** What the workflow ended with; `cancelled` where Temporal shows it as Canceled. */
  readonly outcome: SagaOutcome | 'cancelled';
  readonly record: SagaRecord;
  readonly journal: readonly JournalEntry[];
  /** What the actions have brought to the archive, where the schedule has one. */
  readonly stored?: readonly SentEntry[];
  /** What has failed workflow tasks of the saga: no schedule asks for that (rule 36). */
  readonly failedTasks: readonly string[];
  /** The ledger when the saga ended; `scene.ledger` is what late and repeated originals have made of it. */
  readonly ledgerAtEnd: ReadonlyMap<string, LedgerStatus>;
}

export interface Arena {
  play(schedule: Schedule): Promise<Played>;
  close(): Promise<void>;
}

/** Playing it again smaller makes no sense: the server's time has stopped. */
export class DidNotEnd extends Error {}

export async function openArena(): Promise<Arena> {
  const code = await bundleScripted();
  const env = await createTimeSkipping();
  const taskQueue = `arena-${randomUUID()}`;
  const scenes = new Map<string, Scene>();
  const clock = startClock(env);
  const archive = createArchive();
  const closing = new AbortController();
  // A call that outlives its server would be tried again on a closed channel, which ends the whole process.
  const whileOpen = <T>(act: () => Promise<T>): Promise<T> => env.connection.withAbortSignal(closing.signal, act);
  const worker = await env.startWorker({
    taskQueue,
    workflowBundle: { code },
    maxCachedWorkflows: 200,
    // Sagas that did not end may keep calls waiting.
    shutdownGraceTime: '1s',
    shutdownForceTime: '5s',
    activities: {
      ...participantOf(scenes, (...call) => whileOpen(() => askOnArrival(env.client, ...call))),
      storeJournal: async () => undefined,
    },
    interceptors: { activity: [archive.interceptor] },
    sinks: audienceOf(scenes, (scene, before) => void whileOpen(async () => onTold(env, clock, scene, before))),
  });
  return {
    play: async (schedule) => {
      const scene = openScene(`saga-${randomUUID()}`, schedule);
      scenes.set(scene.sagaId, scene);
      const playing = whileOpen(() => play(env, taskQueue, scene, archive));
      return withPatience(scene, playing).finally(() => scenes.delete(scene.sagaId));
    },
    close: async () => {
      clock.stop();
      closing.abort();
      await worker.stop().catch(() => undefined);
      await env.close();
    },
  };
}

/** Time that somebody holds is held for every saga, so the first that did not end need not be the one to blame. */
async function withPatience<T>(scene: Scene, playing: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const outOfPatience = pause(PATIENCE, undefined, ended).then(() => {
    throw new DidNotEnd(
      `it did not end: ${JSON.stringify({ told: scene.record?.updatedAt, calls: scene.arrivals, record: scene.record })}`,
    );
  });
  playing.catch(() => undefined);
  return Promise.race([playing, outOfPatience]).finally(() => ended.abort());
}

const planOf = ({ sagaId, schedule }: Scene): Plan => ({
  sagaId,
  groups: [...schedule.groups, [{ name: LAST, kind: schedule.archived ? 'last' : 'deadLetter' }]],
  journal: schedule.archived,
  attempt: 10_000,
  budget: MINUTE,
  undoBudget: MINUTE,
  deadline: schedule.deadline * 1000,
  // Where somebody comes, the clock is not there first.
  approvalTimeout: schedule.lastResort === 'skip' ? MINUTE : 120 * MINUTE,
  told: true,
});

async function play({ client }: TestEnv, taskQueue: string, scene: Scene, archive: Archive): Promise<Played> {
  const { sagaId } = scene;
  const saga = await client.workflow.start(script.scripted, { workflowId: sagaId, taskQueue, args: [planOf(scene)] });
  const ended = saga.result().catch((error: unknown): 'cancelled' => {
    if (error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure) return 'cancelled';
    throw error;
  });
  await Promise.race([scene.ended, ended]);
  await Promise.all(scene.errands);
  const [record, journal] = await Promise.all([saga.query(getSagaState), saga.query(getSagaJournal)]);
  await saga.signal(script.dismiss);
  const outcome = await ended;
  const ledgerAtEnd = new Map(scene.ledger);
  arriveLate(scene);
  arriveAgain(scene, fenced(scene, record));
  const stored = scene.schedule.archived && archive.storedOf(sagaId);
  const failedTasks = failedTasksIn(await saga.fetchHistory());
  return { scene, outcome, record, journal, ledgerAtEnd, failedTasks, ...(stored && { stored }) };
}

/** The steps whose participant promises to refuse what comes late: not those that were only asked, nor what was given up. */
function fenced({ arrivals }: Scene, record: SagaRecord): ReadonlySet<string> {
  const called = (operation: Operation, step: string): boolean =>
    arrivals.some((call) => call.operation === operation && call.step === step);
  const given = new Set([...record.deadLetters, ...record.waivers.map(({ step }) => step)]);
  const steps = [...new Set(arrivals.map(({ step }) => step))];
  return new Set(
    steps.filter((step) => called('act', step) && !given.has(step) && (!called('ask', step) || called('undo', step))),
  );
}

function isOpen({ steps, blockedOn }: SagaRecord, step: string): boolean {
  const status = steps.find(({ name }) => name === step)?.status;
  return blockedOn !== step && (status === 'executing' || status === 'compensating');
}

function audienceOf(
  scenes: ReadonlyMap<string, Scene>,
  onTold: (scene: Scene, before: SagaRecord | undefined) => void,
): InjectedSinks<script.Audience> {
  const told = (_: unknown, record: SagaRecord): void => {
    const scene = scenes.get(record.sagaId);
    if (!scene) return;
    const before = scene.record;
    scene.record = record;
    if (['COMPLETED', 'FAILED', 'CANCELLED'].includes(record.state)) scene.end();
    scene.pace.told((step) => isOpen(record, step));
    onTold(scene, before);
  };
  return { audience: { told: { fn: told } } };
}

/** Whoever is waited for comes at once, and never before the saga waits. */
function onTold({ client }: TestEnv, clock: Clock, scene: Scene, before: SagaRecord | undefined): void {
  const { blockedOn, waitingFor } = scene.record ?? {};
  if (blockedOn && before?.blockedOn !== blockedOn) send(scene, unblock(client, scene, blockedOn));
  if (waitingFor && !before?.waitingFor) send(scene, clock.stopped(answerApproval(client, scene)));
}

/** Whether it went well is asked when the saga has ended. */
function send({ errands }: Scene, errand: Promise<void>): void {
  errand.catch(() => undefined);
  errands.push(errand);
}

interface Clock {
  /** No further time is skipped before this has settled. */
  stopped<T>(wait: Promise<T>): Promise<T>;
  stop(): void;
}

/** Lets time skip ten minutes at a time, so that it never runs away from a saga that waits for somebody. */
function startClock({ connection }: TestEnv): Clock {
  const stopped = new AbortController();
  const waits = new Set<Promise<unknown>>();
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await Promise.allSettled(waits);
      await connection.withAbortSignal(stopped.signal, async () =>
        connection.testService?.unlockTimeSkippingWithSleep({ duration: msToTs(10 * MINUTE) }),
      );
      await nextTurn();
    }
  };
  // Ends with its server, if not before: where time stands still, a skip never returns.
  void run().catch(() => undefined);
  return {
    stopped: (wait) => {
      const waiting = wait.finally(() => waits.delete(waiting));
      waits.add(waiting);
      return waiting;
    },
    stop: () => stopped.abort(),
  };
}
