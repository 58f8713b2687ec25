/**
 * The decisions on requests to a running saga. All requests are Updates, because an Update can be refused and is
 * answered only when it is decided; a signal can be neither (rules 18 and 24). Validators decide by the state at that
 * moment.
 */
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import { CancellationScope, condition, currentUpdateInfo, log, setHandler } from '@temporalio/workflow';
import { answerApproval, approvalProblem } from './approval.js';
import { callProblem, steerCall } from './call.js';
import { isFull } from './hand-over.js';
import { record } from './journal/carry.js';
import { isRequest, REFUSAL_SENTENCES, type AnyRequest, type Decision, type RefusalCode } from './messages.js';
import { CANCEL_REQUESTED, isCommitted, isGoingForward, type Who } from './record.js';
import type { RecordedDecision, Run } from './run.js';

/**
 * The number of kept decisions. Only the newest are kept, so that a saga that is steered without end stays small
 * (rule 16).
 */
const KEPT = 300;
const DAY = 86_400_000;

/** Installs the handlers. */
export function offerMessages(run: Run): void {
  const { getSagaState, getSagaJournal, resolveStep, cancelSaga, approve, reject } = run.definition.messages;
  setHandler(getSagaState, () => run.record);
  setHandler(getSagaJournal, () => run.journal.entries);
  offer(run, resolveStep, callProblem, steerCall);
  offer(run, cancelSaga, cancelProblem, (_, request) => acceptCancel(run, 'update', request));
  offer(run, approve, approvalProblem, (_, request) => answerApproval(run, 'approved', request));
  offer(run, reject, approvalProblem, (_, request) => answerApproval(run, 'rejected', request));
}

/** `problem` says why a request cannot be acted on now; `act` resolves to false if the request came too late. */
function offer<Request extends AnyRequest>(
  run: Run,
  update: UpdateDefinition<Decision, [Request]>,
  problem: (run: Run, request: Request) => RefusalCode | undefined,
  act: (run: Run, request: Request) => void | Promise<boolean>,
): void {
  const { steering, definition } = run;
  const { decisions } = steering;
  const decides = update.name === definition.messages.resolveStep.name ? 'step' : 'saga';

  const validator = (request: unknown): void => {
    if (!isRequest(request, decides)) throw refusal(run, 'InvalidRequest');
    const known = decisions.get(idOf(request));
    if (isFull()) throw refusal(run, 'NotDecided');
    if (known?.content === contentOf(update.name, request)) return;
    const code = known ? 'RequestIdReused' : (timeProblem(run, request) ?? problem(run, request as Request));
    if (code) throw refusal(run, code);
  };

  const decide = async (request: Request): Promise<Decision> => {
    const id = idOf(request);
    const lapsesAt = Date.parse(request.validUntil) + DAY;
    const recorded: RecordedDecision = decisions.get(id) ?? { content: contentOf(update.name, request), lapsesAt };
    if (!decisions.has(id)) {
      remember(decisions, id, recorded);
      if ((await act(run, request)) === false) decisions.delete(id);
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
      // A handler that Temporal's cancel of the workflow cancels as well could not await anything.
      return await CancellationScope.nonCancellable(() => decide(request));
    } finally {
      steering.open -= 1;
    }
  };
  setHandler(update, handler, { validator });
}

/** The id by which a request is known when it is repeated. */
const idOf = ({ requestId }: AnyRequest): string => fingerprint(requestId ?? currentUpdateInfo()?.id ?? '');

/** The content that must be equal when it is repeated. */
const contentOf = (update: string, { step, action, approval, actor, reason }: AnyRequest): string =>
  fingerprint(JSON.stringify([update, step, action, approval, actor, reason]));

function remember(decisions: Map<string, RecordedDecision>, id: string, recorded: RecordedDecision): void {
  decisions.set(id, recorded);
  const decided = [...decisions].filter(([, { decision }]) => decision);
  for (const [known, { lapsesAt }] of decided) if (lapsesAt < Date.now()) decisions.delete(known);
  for (const [known] of decided) if (decisions.size > KEPT) decisions.delete(known);
}

/** FNV-1a, 64 bits: kept in place of texts that only have to be compared. */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n);
  }
  return hash.toString(36);
}

const refusal = ({ record: { state, blockedOn } }: Run, code: RefusalCode): ApplicationFailure =>
  ApplicationFailure.nonRetryable(REFUSAL_SENTENCES[code], code, { state, blockedOn });

const timeProblem = ({ handOver }: Run, { validUntil }: AnyRequest): RefusalCode | undefined =>
  handOver.isDecided || Date.parse(validUntil) < Date.now() ? 'NotDecided' : undefined;

/** Why a cancel, by an Update or by Temporal, cannot be acted on now; `undefined` if it can. */
function cancelProblem({ record: now }: Run): RefusalCode | undefined {
  if (now.reason !== null) return 'AlreadyUnwinding';
  return isGoingForward(now) && !isCommitted(now) ? undefined : 'AlreadyFulfilled';
}

/** Decides the verdict, and ends the calls that can be cancelled; the unwinding begins when all has settled. */
function acceptCancel(run: Run, by: 'update' | 'temporal', { actor, reason }: Who): void {
  record(run, { type: 'SagaCancelAccepted', by, actor, reason, unwinds: CANCEL_REQUESTED });
  run.scopes.forward.cancel();
}

/** Temporal's own cancel of this scope: acted on only while a cancel can be, or noted (rule 27). */
export function heedCancel(run: Run, { consideredCancelled, cancelRequested }: CancellationScope): void {
  const onCancel = (): void => {
    const isTooLate = cancelProblem(run) !== undefined;
    run.steering.temporalCancel ??= isTooLate ? 'tooLate' : 'accepted';
    if (isTooLate) log.warn('A cancel came too late to be acted on: the saga goes on', { sagaId: run.definition.id });
    else acceptCancel(run, 'temporal', { actor: 'temporal', reason: 'The workflow was cancelled in Temporal' });
  };
  if (consideredCancelled) onCancel();
  else cancelRequested.catch(onCancel);
}

/**
 * Resolves when each open request of this saga has its answer. Handlers of the workflow's own are not waited for
 * (rule 24).
 */
export const requestsAnswered = ({ steering }: Run): Promise<void> => condition(() => steering.open === 0);
