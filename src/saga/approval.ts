/** The wait for an approval: each has its own time, and ends by a decision, by its time, or because the saga unwinds. */
import { condition } from '@temporalio/workflow';
import { record, storeAtRest } from './journal/carry.js';
import type { WaitAnswer } from './journal/events.js';
import type { ApprovalRequest, RefusalCode } from './messages.js';
import { awaitedIn, isCommitted, isGoingForward, type Awaited, type Who } from './record.js';
import { fromNow, requireForward, type Run } from './run.js';

/** The named wait, or the one that has been awaited longest. */
const waitFor = ({ record: now }: Run, approval?: string): Awaited | undefined =>
  awaitedIn(now).find((wait) => approval === undefined || wait.approval === approval);

/** Waits for an answer within `timeout` or the saga's deadline, whichever is nearer. */
export async function awaitApproval(run: Run, approval: string, timeout: number): Promise<void> {
  requireForward(run, approval);
  if (isCommitted(run.record)) throw new Error(`${approval}: an approval cannot follow what cannot be undone`);
  if (waitFor(run, approval)) throw new Error(`${approval} is awaited already`);
  const left = run.deadlineAt - Date.now();
  const limit = Math.max(1, Math.min(timeout, left));
  const until = fromNow(limit);
  record(run, { type: 'SagaWaitStarted', approval, until });
  void storeAtRest(run);
  // When the saga unwinds, the condition ends the wait and not an exception, so that its end is always recorded.
  const isAnswered = (): boolean => waitFor(run, approval)?.until !== until;
  await run.scopes.shield.run(() => condition(() => isAnswered() || !isGoingForward(run.record), limit));
  if (!isAnswered()) {
    if (!isGoingForward(run.record)) endWait(run, approval, 'cancelled');
    else if (left < timeout) endWait(run, approval, 'deadlineExceeded', 'DeadlineExceeded');
    else endWait(run, approval, 'expired', 'ApprovalExpired');
  }
  requireForward(run, approval);
}

function endWait(run: Run, approval: string, answer: WaitAnswer, unwinds?: string, who?: Who): void {
  record(run, { type: 'SagaWaitEnded', approval, answer, ...who, ...(unwinds !== undefined && { unwinds }) });
}

/** The reason to refuse the request now; `undefined` if the approval can be answered. */
export function approvalProblem(run: Run, { approval }: ApprovalRequest): RefusalCode | undefined {
  const wait = waitFor(run, approval);
  if (!wait || !isGoingForward(run.record)) return 'NotApplicable';
  return Date.parse(wait.until) <= Date.now() ? 'ApprovalExpired' : undefined;
}

/** Ends the wait by a decision; a rejection starts the unwinding. */
export function answerApproval(run: Run, answer: 'approved' | 'rejected', request: ApprovalRequest): void {
  const { actor, reason, approval } = request;
  const unwinds = answer === 'rejected' ? 'ApprovalRejected' : undefined;
  endWait(run, waitFor(run, approval)?.approval ?? '', answer, unwinds, { actor, reason });
}
