/** The course of a saga after a decision, by the rules by which the saga itself decides. */
import {
  awaitedIn,
  CANCEL_REQUESTED,
  isCommitted,
  isGoingForward,
  SAGA_TYPE,
  type RefusalCode,
  type ResolveAction,
  type SagaRecord,
  type StepRecord,
} from '../workflows/messages.js';

/** A decision, as far as a preview needs it. */
export type PreviewedDecision =
  { readonly action: 'cancel' | 'approve' | 'reject' } | { readonly action: ResolveAction; readonly step: string };

/**
 * `completes`: it goes forward to its end. `unwinds`: its compensations run. `waits`: it rests until another decision.
 * `waives`: the step that the decision leaves as it is. `nothingAt`: the operator says that the step never happened.
 */
export type Course =
  | { readonly refused: RefusalCode | 'AlreadyEnded' | 'SagaPaused' }
  | { readonly to: 'completes' | 'waits'; readonly waives?: string }
  | { readonly to: 'unwinds'; readonly reason: string; readonly waives?: string; readonly nothingAt?: string };

const ENDED: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

/** The course after the decision, or the code with which the saga would refuse it; `now` is Temporal's time. */
export function courseOf(saga: SagaRecord, decision: PreviewedDecision, now: number): Course {
  if (ENDED.has(saga.state)) return { refused: saga.state === 'COMPLETED' ? 'AlreadyFulfilled' : 'AlreadyEnded' };
  if ('step' in decision) return courseOfStep(saga, decision);
  if (decision.action === 'cancel') {
    if (saga.reason !== null) return { refused: 'AlreadyUnwinding' };
    const isOpen = isGoingForward(saga) && !isCommitted(saga);
    return isOpen ? { to: 'unwinds', reason: CANCEL_REQUESTED } : { refused: 'AlreadyFulfilled' };
  }
  const [wait] = awaitedIn(saga);
  if (!wait || !isGoingForward(saga)) return { refused: 'NotApplicable' };
  if (Date.parse(wait.until) <= now) return { refused: 'ApprovalExpired' };
  return decision.action === 'approve' ? { to: 'completes' } : { to: 'unwinds', reason: 'ApprovalRejected' };
}

function courseOfStep(
  saga: SagaRecord,
  { action, step: name }: { readonly action: ResolveAction; readonly step: string },
): Course {
  const step = saga.steps.find((other) => other.name === name);
  if (!step || !allowedOn(saga, step).includes(action)) return { refused: 'NotApplicable' };
  const waives = action === 'skip' ? { waives: name } : {};
  if (action === 'block') return saga.blockedOn === null ? { to: 'waits' } : { refused: 'NotApplicable' };
  if (saga.state === 'COMPENSATING') {
    const nothingAt = action === 'notApplied' ? { nothingAt: name } : {};
    return { to: 'unwinds', reason: saga.reason ?? '', ...waives, ...nothingAt };
  }
  return action === 'notApplied' ? { to: 'unwinds', reason: 'NotApplied' } : { to: 'completes', ...waives };
}

/** The decisions that a step's call takes at present; none if it has no call under way. */
function allowedOn({ sagaType, blockedOn }: SagaRecord, { name, kind, status }: StepRecord): readonly ResolveAction[] {
  // Only a step with a probe is asked about; orders have none.
  if (status === 'compensating') {
    return ['retry', 'skip', 'block', ...(sagaType === SAGA_TYPE ? [] : (['applied', 'notApplied'] as const))];
  }
  const isCalled = status === 'executing' || blockedOn === name;
  if (!isCalled) return [];
  if (kind === 'compensatable') return ['retry'];
  if (kind === 'pivot') return ['retry', 'block', 'applied', 'notApplied'];
  return blockedOn === name ? ['retry', 'skip', 'block', 'applied'] : ['retry', 'skip'];
}
