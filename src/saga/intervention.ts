/**
 * How what is asked of a running saga is decided. All of it arrives by Updates: they can be refused, and are answered
 * only when they are decided; a signal can be neither (rules 18 and 24). Validators decide by the state at that moment.
 * The wait for an approval is here as well: it ends by what is asked.
 */
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import { CancellationScope, condition, currentUpdateInfo, setHandler } from '@temporalio/workflow';
import type { WaitAnswer } from './journal.js';
import { REFUSAL_SENTENCES } from './messages.js';
import type { Decision, RefusalCode, ResolveRequest, SteeringRequest } from './messages.js';
import { CANCEL_REQUESTED, isCommitted, isGoingForward, type Who } from './record.js';
import { isRequest, type Request as AnyRequest } from './request.js';
import { fromNow, journal, requireForward, type Recorded, type Run } from './run.js';
import { rest } from './store.js';

/** Installs the handlers. */
export function offerMessages(run: Run): void {
  const { messages } = run;
  setHandler(messages.state, () => run.record);
  setHandler(messages.journal, () => run.entries);
  offer(run, messages.resolve, resolveProblem, (request) => steer(run, request));
  offer(run, messages.cancel, cancelProblem, (request) => acceptCancel(run, 'update', request));
  offer(run, messages.approve, waitProblem, (who) => endWait(run, 'approved', undefined, who));
  offer(run, messages.reject, waitProblem, (who) => endWait(run, 'rejected', 'ApprovalRejected', who));
}

/** `problem` says why a request cannot be acted on now, if so; what `act` returns or resolves to is false if it came too late. */
function offer<Request extends AnyRequest>(
  run: Run,
  update: UpdateDefinition<Decision, [Request]>,
  problem: (run: Run, request: Request) => RefusalCode | undefined,
  act: (request: Request) => void | Promise<boolean>,
): void {
  const identify = ({ requestId, step, action, actor, reason }: Request) => ({
    id: requestId ?? currentUpdateInfo()?.id ?? '',
    content: JSON.stringify([update.name, step, action, actor, reason]),
  });

  const decides = update.name === run.messages.resolve.name ? 'step' : 'saga';
  const validator = (request: unknown): void => {
    if (!isRequest(request, decides)) throw refusal(run, 'InvalidRequest');
    const { id, content } = identify(request as Request);
    const known = run.decisions[id];
    if (known?.content === content) return;
    const code = known ? 'RequestIdReused' : (timeProblem(run, request) ?? problem(run, request as Request));
    if (code) throw refusal(run, code);
  };

  const handler = async (request: Request): Promise<Decision> => {
    const { id, content } = identify(request);
    const recorded: Recorded = run.decisions[id] ?? { content };
    if (!run.decisions[id]) {
      run.decisions[id] = recorded;
      if ((await act(request)) === false) delete run.decisions[id];
      else recorded.decision = { accepted: true, state: run.record.state, at: new Date().toISOString() };
    }
    // The same request, sent twice at once, gets the same answer.
    await condition(() => !!recorded.decision || run.decisions[id] !== recorded);
    if (!recorded.decision) throw refusal(run, 'Overtaken');
    return recorded.decision;
  };
  // Once Temporal has cancelled the workflow, nothing could be awaited in a handler that is cancelled with it.
  setHandler(update, (request: Request) => CancellationScope.nonCancellable(() => handler(request)), { validator });
}

function refusal({ record: { state, blockedOn } }: Run, code: RefusalCode): ApplicationFailure {
  return ApplicationFailure.nonRetryable(REFUSAL_SENTENCES[code], code, { state, blockedOn });
}

const timeProblem = ({ handingOver }: Run, { validUntil }: SteeringRequest): RefusalCode | undefined =>
  handingOver || Date.parse(validUntil) < Date.now() ? 'NotDecided' : undefined;

/** Why a cancel cannot be acted on now, whoever asks for it; `undefined` where it can. */
export function cancelProblem({ record }: Run): RefusalCode | undefined {
  if (record.reason !== null) return 'AlreadyUnwinding';
  return isGoingForward(record) && !isCommitted(record) ? undefined : 'AlreadyFulfilled';
}

const waitProblem = ({ record }: Run): RefusalCode | undefined =>
  record.waitingFor && isGoingForward(record) ? undefined : 'NotApplicable';

function resolveProblem({ desks, record }: Run, { step, action }: ResolveRequest): RefusalCode | undefined {
  const desk = desks.get(step);
  const applies = desk?.allowed.includes(action) && !desk.pending && !(action === 'block' && record.blockedOn !== null);
  return applies ? undefined : 'NotApplicable';
}

/** Decides the verdict, and ends what can be cancelled; the unwinding begins when all has settled. */
export function acceptCancel(run: Run, by: 'update' | 'temporal', { actor, reason }: Who): void {
  journal(run, { type: 'SagaCancelAccepted', by, actor, reason, unwinds: CANCEL_REQUESTED });
  endWait(run, 'cancelled');
  run.forward.cancel();
}

/** Cuts the call short, or wakes it where it is blocked; false if the participant's answer was quicker. */
async function steer(run: Run, request: ResolveRequest): Promise<boolean> {
  const desk = run.desks.get(request.step);
  if (!desk || desk.pending) return false;
  desk.pending = request;
  desk.scope?.cancel();
  await condition(() => desk.pending !== request);
  return run.entries.some(({ event }) => event.type === 'SagaIntervened' && event.requestId === request.requestId);
}

/** Waits for an answer within `timeout` or the saga's deadline, whichever is nearer. */
export async function awaitApproval(run: Run, approval: string, timeout: number): Promise<void> {
  requireForward(run, approval);
  if (isCommitted(run.record)) throw new Error(`${approval}: an approval cannot follow what cannot be undone`);
  if (run.record.waitingFor) throw new Error(`${approval}: one approval is awaited at a time`);
  const left = run.deadlineAt - Date.now();
  const limit = Math.max(1, Math.min(timeout, left));
  journal(run, { type: 'SagaWaitStarted', approval, until: fromNow(limit) });
  void rest(run);
  // What unwinds ends the wait by the condition, not by an exception, so that its end is always recorded.
  const isOver = (): boolean => !run.record.waitingFor || !isGoingForward(run.record);
  await CancellationScope.nonCancellable(() => condition(isOver, limit));
  if (!isGoingForward(run.record)) endWait(run, 'cancelled');
  else if (left < timeout) endWait(run, 'deadlineExceeded', 'DeadlineExceeded');
  else endWait(run, 'expired', 'ApprovalExpired');
  requireForward(run, approval);
}

/** Ends the wait for an approval, if there is one. */
function endWait(run: Run, answer: WaitAnswer, unwinds?: string, who?: Who): void {
  const { waitingFor } = run.record;
  if (!waitingFor) return;
  const by = who && { actor: who.actor, reason: who.reason };
  const { approval } = waitingFor;
  journal(run, { type: 'SagaWaitEnded', approval, answer, ...by, ...(unwinds !== undefined && { unwinds }) });
}
