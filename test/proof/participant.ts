/** A participant of many sagas: it keeps the ledger of the real ones, and misbehaves as each saga's schedule says. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ParticipantActivities, StepInput } from '../saga/scripted.js';
import { change, keyOf, type Scene } from './scene.js';
import { LAST, NOTICE, type Behaviour, type Operation } from './schedule.js';

export interface Attendant {
  /** A call has arrived and is not answered yet; true if it was cut meanwhile, and its end is waited for. */
  onArrival(scene: Scene, operation: Operation, step: string): Promise<boolean>;
  /** A call has failed, and is retried later. */
  onBackOff(scene: Scene, operation: Operation, step: string): void;
}

export function participantOf(scenes: ReadonlyMap<string, Scene>, attendant: Attendant): ParticipantActivities {
  async function handle(operation: Operation, { sagaId, step }: StepInput): Promise<Scene> {
    const scene = scenes.get(sagaId);
    if (!scene) throw failure('NobodyKnows', false);
    scene.arrivals.push({ operation, step });
    scene.pace.begin(step);
    let again = false;
    let isCut = false;
    try {
      const behaviour = scene.behaviours.get(keyOf(operation, step))?.shift() ?? 'ok';
      isCut = await attendant.onArrival(scene, operation, step);
      // A run that ends while one of its calls is being handled would stop the server's time for good.
      if (step === LAST || step === NOTICE) await scene.pace.alone();
      if (operation === 'ask' && wasAsked(scene, step)) arriveLate(scene, step);
      perform(scene, operation, step, behaviour);
    } catch (error) {
      again = !isCut && error instanceof ApplicationFailure && !error.nonRetryable;
      // A server does not retry what was cut; the time-skipping one would.
      throw isCut && !scene.isReal && error instanceof ApplicationFailure ? failure(error.type ?? '', false) : error;
    } finally {
      await scene.pace.nothingIsAsked();
      scene.pace.end(step, again);
      if (again) attendant.onBackOff(scene, operation, step);
    }
    return scene;
  }
  return {
    act: async (input) => {
      await handle('act', input);
      return { step: input.step, attempts: Context.current().info.attempt };
    },
    undo: async (input) => {
      const { ledger } = await handle('undo', input);
      const outcome = ledger.get(input.step) === 'undone' ? 'compensated' : 'nothingToDo';
      return { outcome, attempts: Context.current().info.attempt };
    },
    ask: async (input) => {
      const { ledger } = await handle('ask', input);
      return { effect: ledger.get(input.step) === 'applied' ? 'applied' : 'none' };
    },
  };
}

function perform(scene: Scene, operation: Operation, step: string, behaviour: Behaviour): void {
  const retryable = !behaviour.endsWith('ForGood');
  const what = behaviour.replace('ForGood', '');
  if (what === 'unavailable') throw failure('Unavailable', retryable);
  if (what === 'late') {
    scene.late.push({ step, arrive: () => void CHANGES[operation](scene, step, false, 'late') });
    throw failure('AnswerLost', retryable);
  }
  const refusal = CHANGES[operation](scene, step, what === 'refuse', 'saga');
  if (refusal) throw failure(refusal, false);
  if (what === 'lost') throw failure('AnswerLost', retryable);
}

/** Answers the code of a refusal, if it is one. */
type Change = (scene: Scene, step: string, refused: boolean, by: 'saga' | 'late') => string | undefined;

const CHANGES: Readonly<Record<Operation, Change>> = {
  act: (scene, step, refused, by) => {
    const now = scene.ledger.get(step);
    if (now === 'undone' || now === 'fenced') return 'AlreadyCancelled';
    if (now === undefined) change(scene, step, refused ? 'refused' : 'applied', by);
    return scene.ledger.get(step) === 'refused' ? 'Refused' : undefined;
  },
  undo: (scene, step, refused, by) => {
    const now = scene.ledger.get(step);
    if (now === 'undone' || now === 'fenced') return undefined;
    if (refused) return 'UndoRefused';
    change(scene, step, now === 'applied' ? 'undone' : 'fenced', by);
    return undefined;
  },
  ask: () => undefined,
};

const wasAsked = ({ arrivals }: Scene, step: string): boolean =>
  arrivals.filter((call) => call.operation === 'ask' && call.step === step).length > 1;

/** What is still under way arrives: everything, or what a step's participant had its maximum time for. */
export function arriveLate({ late }: Scene, step?: string): void {
  const arriving = late.filter((original) => step === undefined || original.step === step);
  for (const original of arriving) {
    late.splice(late.indexOf(original), 1);
    original.arrive();
  }
}

/** A network that delivers twice: each act that ever arrived comes once more. */
export function arriveAgain(scene: Scene, steps: ReadonlySet<string>): void {
  for (const step of steps) CHANGES.act(scene, step, false, 'late');
}

const failure = (type: string, retryable: boolean): ApplicationFailure =>
  ApplicationFailure.create({
    type,
    message: type,
    nonRetryable: !retryable,
    details: [{ attempts: Context.current().info.attempt }],
  });
