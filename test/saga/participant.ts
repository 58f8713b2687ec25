/** The kit's participant as scripted sagas call it: the same three activities for all steps. */
import { Context } from '@temporalio/activity';
import { createParticipant as create, type Participant as Played } from '../../src/saga/testing/participant.js';
import type { ParticipantActivities, StepInput } from './scripted.js';

export interface Participant extends Played {
  readonly activities: ParticipantActivities;
}

export function createParticipant(): Participant {
  const played = create();
  const act = ({ step }: StepInput) =>
    played.action(step, {
      refusal: step === 'impostor' ? 'CancelRequested' : 'Refused',
      answer: () => ({ step, attempts: Context.current().info.attempt }),
    });
  return {
    ...played,
    activities: {
      act: (input) => act(input)(input),
      undo: (input) => played.compensation(input.step)(input),
      ask: (input) => played.probe(input.step)(input),
    },
    // Notices are not undone.
    effects: () => played.effects().filter((id) => !id.endsWith('/notice')),
  };
}
