/** Tests of sagas on Temporal's time-skipping server, without a service: `unwind/saga/testing`. */
export { failAtEachStep, type Rehearsal } from './fail-at-each-step.js';
export type { Fault, Trial } from './judge.js';
export { createParticipant } from './participant.js';
export type { Behaviour, LedgerStatus, Operation, Participant, Script } from './participant.js';
export { passTime, TimeStoodStillError } from './time.js';
export { endOf, type Outcome } from './trial.js';
