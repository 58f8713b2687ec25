/** Many generated sagas in flight: one server, one long-lived worker, one participant, one clock. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { InjectedSinks } from '@temporalio/worker';
import { entryName } from '../../src/saga/journal/events.js';
import { hasEnded } from '../../src/saga/record.js';
import { getSagaJournal, getSagaState } from '../../src/saga/saga.js';
import type { Entry, SagaOutcome, SagaRecord, SentEntry } from '../../src/saga/saga.js';
import { createArchive, type Archive } from '../saga/archive.js';
import * as script from '../saga/scripted.js';
import type { Plan } from '../saga/scripted.js';
import { bundleScripted } from '../saga/stage.js';
import { failedTasksIn } from '../support/failed-tasks.js';
import { answerApproval, askInBackOff, askOnArrival, unblock } from './operator.js';
import { outageOf, whereItIsAway } from './outage.js';
import { arriveAgain, arriveLate, participantOf, type Attendant } from './participant.js';
import { openScene, type LedgerStatus, type Scene } from './scene.js';
import { LAST, type Operation, type Schedule } from './schedule.js';
import { casesIn, historiesOf } from './trail.js';
import { openSkipping, type Venue } from './venue.js';

/** A saga that was played to its end. */
export interface Played {
  readonly scene: Scene;
  /** What the workflow ended with; `cancelled` where Temporal shows it as Canceled. */
  readonly outcome: SagaOutcome | 'cancelled';
  readonly record: SagaRecord;
  readonly journal: readonly Entry[];
  /** What the actions have brought to the archive, where the schedule has one. */
  readonly stored?: readonly SentEntry[];
  /** What has failed workflow tasks of the saga: no schedule asks for that (rule 36). */
  readonly failedTasks: readonly string[];
  /** The ledger when the saga ended; `scene.ledger` is what late and repeated originals have made of it. */
  readonly ledgerAtEnd: ReadonlyMap<string, LedgerStatus>;
  /** The rare cases that it came to. */
  readonly cases: ReadonlySet<string>;
}

export interface Arena {
  play(schedule: Schedule): Promise<Played>;
  close(): Promise<void>;
}

/** Playing it again smaller makes no sense: the server's time has stopped. */
export class DidNotEnd extends Error {}

export async function openArena(openVenue: () => Promise<Venue> = openSkipping): Promise<Arena> {
  const code = await bundleScripted();
  const venue = await openVenue();
  const { env } = venue;
  const taskQueue = `arena-${randomUUID()}`;
  const scenes = new Map<string, Scene>();
  const archive = createArchive((sagaId) => turnedAway(scenes.get(sagaId)));
  const closing = new AbortController();
  // A call that outlives its server would be tried again on a closed channel, which ends the whole process. The signal
  // ends calls that are under way: after it none may begin.
  const whileOpen = <T>(act: () => Promise<T>): Promise<T> =>
    closing.signal.aborted ? new Promise(() => undefined) : env.connection.withAbortSignal(closing.signal, act);
  const attendant: Attendant = {
    onArrival: (scene, operation, step) => {
      outageOf(scene, archive).called(step);
      return whileOpen(() => askOnArrival(env.client, scene, operation, step));
    },
    onBackOff: (scene, ...call) => {
      if (venue.isReal)
        send(
          scene,
          whileOpen(() => askInBackOff(env.client, scene, ...call)),
        );
    },
  };
  const worker = await env.startWorker({
    taskQueue,
    workflowBundle: { code },
    maxCachedWorkflows: 200,
    // Sagas that did not end may keep calls waiting.
    shutdownGraceTime: '1s',
    shutdownForceTime: '5s',
    activities: { ...participantOf(scenes, attendant), storeJournal: async () => undefined },
    interceptors: { activity: [archive.interceptor] },
    sinks: audienceOf(scenes, (scene, before) => {
      outageOf(scene, archive).told(before);
      void whileOpen(async () => onTold(venue, scene, before));
    }),
  });
  return {
    play: async (schedule) => {
      const scene = openScene(`saga-${randomUUID()}`, schedule, venue.isReal);
      scenes.set(scene.sagaId, scene);
      const playing = whileOpen(() => play(venue, taskQueue, scene, archive));
      return withPatience(scene, playing, venue.patience).finally(() => scenes.delete(scene.sagaId));
    },
    close: async () => {
      closing.abort();
      await worker.stop().catch(() => undefined);
      await venue.close();
    },
  };
}

/** Time that somebody holds is held for every saga, so the first that did not end need not be the one to blame. */
async function withPatience<T>(scene: Scene, playing: Promise<T>, patience: number): Promise<T> {
  const ended = new AbortController();
  const outOfPatience = pause(patience, undefined, ended).then(() => {
    throw new DidNotEnd(
      `it did not end: ${JSON.stringify({ told: scene.record?.updatedAt, calls: scene.arrivals, record: scene.record })}`,
    );
  });
  playing.catch(() => undefined);
  return Promise.race([playing, outOfPatience]).finally(() => ended.abort());
}

const planOf = ({ sagaId, schedule }: Scene, { times, approval, isReal }: Venue): Plan => ({
  sagaId,
  groups: [...schedule.groups, [{ name: LAST, kind: schedule.archived ? 'last' : 'deadLetter' }]],
  journal: schedule.archived,
  ...times,
  deadline: schedule.deadline * 1000,
  approvalTimeout: schedule.lastResort === 'skip' ? approval.expires : approval.answered,
  ...(isReal && schedule.historyLimit !== null && { historyLimit: schedule.historyLimit }),
  told: true,
});

async function play(venue: Venue, taskQueue: string, scene: Scene, archive: Archive): Promise<Played> {
  const { sagaId, schedule } = scene;
  const { client } = venue.env;
  const outage = outageOf(scene, archive);
  outage.opens();
  const args: [Plan] = [planOf(scene, venue)];
  const saga = await client.workflow.start(script.scripted, { workflowId: sagaId, taskQueue, args });
  const ended = saga.result().catch((error: unknown): 'cancelled' => {
    if (error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure) return 'cancelled';
    throw error;
  });
  await Promise.race([scene.ended, ended]);
  await Promise.race([outage.hasLasted(), ended]);
  await Promise.all(scene.errands);
  const [record, ofThisRun] = await Promise.all([saga.query(getSagaState), saga.query(getSagaJournal)]);
  await saga.signal(script.dismiss);
  const outcome = await ended;
  const ledgerAtEnd = new Map(scene.ledger);
  arriveLate(scene);
  arriveAgain(scene, fenced(scene, record));
  const stored = schedule.archived && archive.storedOf(sagaId);
  const histories = await historiesOf(client, sagaId);
  return {
    scene,
    outcome,
    record,
    journal: [...earlierIn(stored || [], ofThisRun), ...ofThisRun],
    ledgerAtEnd,
    failedTasks: histories.flatMap((events) => failedTasksIn({ events })),
    cases: new Set([...scene.reached, ...casesIn(histories)]),
    ...(stored && { stored }),
  };
}

/** What the runs before the present one have stored: they are continued as new only when that is everything. */
const earlierIn = (stored: readonly SentEntry[], [first]: readonly Entry[]): Entry[] =>
  stored
    .filter(({ seq }) => first !== undefined && seq < first.seq)
    .map((entry) => ({ ...entry, name: entryName(entry.event, 'Scripted') }));

/** What must be stored could not be: that is noted with where the saga stood. */
function turnedAway(scene: Scene | undefined): void {
  if (!scene?.record) return;
  scene.reached.add(whereItIsAway(scene.record));
  if (hasEnded(scene.record)) scene.turnedAwayAtEnd.resolve();
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
    if (hasEnded(record)) scene.end();
    if (record.waitingFor?.also) scene.reached.add('two approvals awaited at once');
    scene.pace.told((step) => isOpen(record, step));
    onTold(scene, before);
  };
  return { audience: { told: { fn: told } } };
}

/** Whoever is waited for comes at once, and never before the saga waits. */
function onTold(venue: Venue, scene: Scene, before: SagaRecord | undefined): void {
  const { client } = venue.env;
  const { blockedOn } = scene.record ?? {};
  if (blockedOn && before?.blockedOn !== blockedOn) send(scene, unblock(client, scene, blockedOn));
  const known = approvalsIn(before);
  for (const approval of approvalsIn(scene.record)) {
    if (!known.includes(approval)) send(scene, venue.stopped(answerApproval(client, scene, approval)));
  }
}

function approvalsIn(record: SagaRecord | undefined): string[] {
  const { waitingFor } = record ?? {};
  return waitingFor ? [waitingFor, ...(waitingFor.also ?? [])].map(({ approval }) => approval) : [];
}

/** Whether it went well is asked when the saga has ended. */
function send({ errands }: Scene, errand: Promise<void>): void {
  errand.catch(() => undefined);
  errands.push(errand);
}
