/** The wait for an approval: each has its own time, and ends by a decision, by its time, or because the saga unwinds. */
import { condition } from '@temporalio/workflow';
import type { WaitAnswer } from './journal/events.js';
import type { ApprovalRequest, RefusalCode } from './messages.js';
import { isCommitted, isGoingForward, type Who } from './record.js';
import { fromNow, requireForward, type Run } from './run.js';
import { record, storeAtRest } from './journal/carry.js';

export interface Wait {
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** Waits for an answer within `timeout` or the saga's deadline, whichever is nearer. */
export async function awaitApproval(run: Run, approval: string, timeout: number): Promise<void> {
  const { waits, scopes, deadlineAt } = run;
  requireForward(run, approval);
  if (isCommitted(run.record)) {
    // A body that is run again has passed it before.
    if (run.isCarried) return;
    throw new Error(`${approval}: an approval cannot follow what cannot be undone`);
  }
  if (waits.has(approval)) throw new Error(`${approval} is awaited already`);
  const left = deadlineAt - Date.now();
  const limit = Math.max(1, Math.min(timeout, left));
  const wait = { until: Date.now() + limit };
  waits.set(approval, wait);
  record(run, { type: 'SagaWaitStarted', approval, until: fromNow(limit) });
  void storeAtRest(run);
  // When the saga unwinds, the condition ends the wait and not an exception, so that its end is always recorded.
  const isOver = (): boolean => waits.get(approval) !== wait || !isGoingForward(run.record);
  await scopes.shield.run(() => condition(isOver, limit));
  if (waits.get(approval) === wait) {
    if (!isGoingForward(run.record)) endWait(run, approval, 'cancelled');
    else if (left < timeout) endWait(run, approval, 'deadlineExceeded', { unwinds: 'DeadlineExceeded' });
    else endWait(run, approval, 'expired', { unwinds: 'ApprovalExpired' });
  }
  requireForward(run, approval);
}

function endWait(run: Run, approval: string, answer: WaitAnswer, more: Partial<Who> & { unwinds?: string } = {}): void {
  run.waits.delete(approval);
  record(run, { type: 'SagaWaitEnded', approval, answer, ...more });
}

/** The approval that a request is about: the named one, or the one that has been awaited longest. */
const nameOf = ({ waits }: Run, { approval }: ApprovalRequest): string => approval ?? [...waits.keys()][0] ?? '';

/** Why an approval cannot be given or refused now; `undefined` if it can. */
export function approvalProblem(run: Run, request: ApprovalRequest): RefusalCode | undefined {
  const wait = run.waits.get(nameOf(run, request));
  if (!wait || !isGoingForward(run.record)) return 'NotApplicable';
  return wait.until <= Date.now() ? 'ApprovalExpired' : undefined;
}

export function answerApproval(run: Run, answer: 'approved' | 'rejected', request: ApprovalRequest): void {
  const { actor, reason } = request;
  const unwinds = answer === 'rejected' ? { unwinds: 'ApprovalRejected' } : {};
  endWait(run, nameOf(run, request), answer, { actor, reason, ...unwinds });
}

/** The saga unwinds: nothing is awaited any more. */
export function endWaits(run: Run): void {
  for (const approval of run.waits.keys()) endWait(run, approval, 'cancelled');
}
