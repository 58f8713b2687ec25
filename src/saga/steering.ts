/**
 * How requests to a running saga are decided. All of them are Updates, because an Update can be refused and is answered
 * only when it is decided; a signal can be neither (rules 18 and 24). Validators decide by the state at that moment.
 */
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import { CancellationScope, condition, currentUpdateInfo, setHandler } from '@temporalio/workflow';
import { answerApproval, approvalProblem, endWaits } from './approval.js';
import { callProblem, steerCall } from './call.js';
import { isFull } from './hand-over.js';
import { REFUSAL_SENTENCES } from './messages.js';
import type { Decision, RefusalCode, SteeringRequest } from './messages.js';
import { CANCEL_REQUESTED, isCommitted, isGoingForward, type Who } from './record.js';
import { isRequest, type Request as AnyRequest } from './request.js';
import type { Run } from './run.js';
import { record } from './journal/carry.js';

/** A request that was accepted, and the decision once there is one. */
export interface RecordedDecision {
  /** The request's fingerprint. */
  readonly content: string;
  /** Milliseconds since the epoch; a later repeat is refused by its `validUntil` anyway. */
  readonly lapsesAt: number;
  decision?: Decision;
}

/** The newest decisions are kept, so that a saga that is steered for ever stays small (rule 16). */
const KEPT = 300;
const DAY = 86_400_000;

/** Installs the handlers. */
export function offerMessages(run: Run): void {
  const { messages } = run.definition;
  setHandler(messages.getSagaState, () => run.record);
  setHandler(messages.getSagaJournal, () => run.journal.entries);
  offer(
    run,
    messages.resolveStep,
    (request) => callProblem(run, request),
    (request) => steerCall(run, request),
  );
  offer(
    run,
    messages.cancelSaga,
    () => cancelProblem(run),
    (request) => acceptCancel(run, 'update', request),
  );
  const problem = (request: SteeringRequest): RefusalCode | undefined => approvalProblem(run, request);
  offer(run, messages.approve, problem, (request) => answerApproval(run, 'approved', request));
  offer(run, messages.reject, problem, (request) => answerApproval(run, 'rejected', request));
}

/**
 * `problem` says why a request cannot be acted on now; `act` resolves to false if the request came too late.
 */
function offer<Request extends AnyRequest>(
  run: Run,
  update: UpdateDefinition<Decision, [Request]>,
  problem: (request: Request) => RefusalCode | undefined,
  act: (request: Request) => void | Promise<boolean>,
): void {
  const { steering, definition } = run;
  const { decisions } = steering;
  const identify = ({ requestId, step, action, approval, actor, reason }: Request) => ({
    id: fingerprint(requestId ?? currentUpdateInfo()?.id ?? ''),
    content: fingerprint(JSON.stringify([update.name, step, action, approval, actor, reason])),
  });

  const decides = update.name === definition.messages.resolveStep.name ? 'step' : 'saga';
  const validator = (request: unknown): void => {
    if (!isRequest(request, decides)) throw refusal(run, 'InvalidRequest');
    const { id, content } = identify(request as Request);
    const known = decisions.get(id);
    if (isFull()) throw refusal(run, 'NotDecided');
    if (known?.content === content) return;
    const code = known ? 'RequestIdReused' : (timeProblem(run, request) ?? problem(request as Request));
    if (code) throw refusal(run, code);
  };

  const decide = async (request: Request): Promise<Decision> => {
    const { id, content } = identify(request);
    const recorded = decisions.get(id) ?? { content, lapsesAt: Date.parse(request.validUntil) + DAY };
    if (!decisions.has(id)) {
      remember(decisions, id, recorded);
      if ((await act(request)) === false) decisions.delete(id);
      else recorded.decision = { accepted: true, state: run.record.state, at: new Date().toISOString() };
    }
    // The same request, sent twice at once, gets the same answer.
    await condition(() => !!recorded.decision || decisions.get(id) !== recorded);
    if (!recorded.decision) throw refusal(run, 'Overtaken');
    return recorded.decision;
  };

  const handler = async (request: Request): Promise<Decision> => {
    steering.open += 1;
    try {
      // Once Temporal has cancelled the workflow, nothing could be awaited in a handler that is cancelled with it.
      return await CancellationScope.nonCancellable(() => decide(request));
    } finally {
      steering.open -= 1;
    }
  };
  setHandler(update, handler, { validator });
}

function remember(decisions: Map<string, RecordedDecision>, id: string, recorded: RecordedDecision): void {
  decisions.set(id, recorded);
  const decided = [...decisions].filter(([, { decision }]) => decision);
  for (const [known, { lapsesAt }] of decided) if (lapsesAt < Date.now()) decisions.delete(known);
  for (const [known] of decided) if (decisions.size > KEPT) decisions.delete(known);
}

/** FNV-1a, 64 bits: what is kept of texts that only have to be compared. */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n);
  }
  return hash.toString(36);
}

function refusal({ record: { state, blockedOn } }: Run, code: RefusalCode): ApplicationFailure {
  return ApplicationFailure.nonRetryable(REFUSAL_SENTENCES[code], code, { state, blockedOn });
}

const timeProblem = ({ steering }: Run, { validUntil }: SteeringRequest): RefusalCode | undefined =>
  steering.handingOver || Date.parse(validUntil) < Date.now() ? 'NotDecided' : undefined;

/** Why a cancel cannot be acted on now, whoever asks for it; `undefined` if it can. */
export function cancelProblem({ record: now }: Run): RefusalCode | undefined {
  if (now.reason !== null) return 'AlreadyUnwinding';
  return isGoingForward(now) && !isCommitted(now) ? undefined : 'AlreadyFulfilled';
}

/** Decides the verdict, and ends what can be cancelled; the unwinding begins when all has settled. */
export function acceptCancel(run: Run, by: 'update' | 'temporal', { actor, reason }: Who): void {
  record(run, { type: 'SagaCancelAccepted', by, actor, reason, unwinds: CANCEL_REQUESTED });
  endWaits(run);
  run.scopes.forward.cancel();
}

/** Temporal's own cancel: acted on only while a cancel can be, or noted. Returns whether it was accepted. */
export function cancelledByTemporal(run: Run): boolean {
  if (cancelProblem(run) !== undefined) {
    run.steering.cancelledTooLate = true;
    return false;
  }
  acceptCancel(run, 'temporal', { actor: 'temporal', reason: 'The workflow was cancelled in Temporal' });
  return true;
}

/** Each open request of this saga has its answer. Handlers of the workflow's own are not waited for (rule 24). */
export const requestsAnswered = ({ steering }: Run): Promise<void> => condition(() => steering.open === 0);
