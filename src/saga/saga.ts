/**
 * Sagas on Temporal that either finish or are undone correctly: `defineSaga`, and the three kinds of steps.
 * The model and its demands on a participant are in docs/saga.md.
 */
export { defineSaga, type SagaWorkflow } from './define-saga.js';
export { last, refuseSaga, type LastStep, type Saga, type SagaDefinition } from './definition.js';
export { compensatable, pivot, retriable } from './step.js';
export type { Budget, Call, Compensatable, Pivot, Probe, Retriable, Step, StoreJournal, Undone } from './step.js';
export { approve, cancelSaga, getSagaJournal, getSagaState, reject, resolveStep, SAGA_REFUSED } from './messages.js';
export type { ApprovalRequest, Decision, RefusalCode, SagaMessages, SteeringRequest } from './messages.js';
export type { ResolveAction, ResolveRequest } from './messages.js';
export { REPAIR } from './journal/events.js';
export type { Entry, JournalHeader, SagaEvent, SentEntry } from './journal/events.js';
export type { SagaOutcome, SagaRecord, SagaState, StepRecord, StepStatus, Verdict, Waiver } from './record.js';
export type { CarriedSaga } from './run.js';
export { sagaInterceptors } from './journal/carry.js';
