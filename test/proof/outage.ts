/** A long outage of the journal for one saga: it begins where the saga rests, and lasts as its schedule says. */
import { hasEnded } from '../../src/saga/record.js';
import type { SagaRecord } from '../../src/saga/saga.js';
import type { Archive } from '../saga/archive.js';
import type { Scene } from './scene.js';
import { LAST, NOTICE } from './schedule.js';

interface CourseOfOutage {
  opens(): void;
  /** A call has arrived: what the saga rested on is over. */
  called(step: string): void;
  /** The saga has told where it stands. */
  told(before: SagaRecord | undefined): void;
  /** Resolves when a saga that has ended could not store its end, if the outage lasts that long; then it is over. */
  hasLasted(): Promise<void>;
}

export function outageOf(scene: Scene, { awayFor }: Archive): CourseOfOutage {
  const { sagaId, schedule, turnedAwayAtEnd } = scene;
  const { since, until } = schedule.outage ?? {};
  const begin = (): void => void awayFor.add(sagaId);
  return {
    opens: () => void (since === 'start' && begin()),
    called: (step) => {
      if (until === 'nextCall') awayFor.delete(sagaId);
      if (since === 'end' && (step === LAST || step === NOTICE)) begin();
    },
    told: (before) => {
      const { waitingFor, blockedOn } = scene.record ?? {};
      if (since === 'wait' && waitingFor && !before?.waitingFor) begin();
      if (since === 'block' && blockedOn && !before?.blockedOn) begin();
    },
    hasLasted: async () => {
      if (awayFor.has(sagaId)) await turnedAwayAtEnd.promise;
      awayFor.delete(sagaId);
    },
  };
}

/** The case: where a saga stood when the journal could not be stored. */
export function whereItIsAway({ state, blockedOn, waitingFor, ...record }: SagaRecord): string {
  if (hasEnded({ ...record, state, blockedOn, waitingFor })) return 'journal away at the end';
  if (waitingFor) return 'journal away at a wait';
  if (!blockedOn) return 'journal away in between';
  return state === 'COMPENSATING' ? 'journal away at a block, unwinding' : 'journal away at a block, going forward';
}
