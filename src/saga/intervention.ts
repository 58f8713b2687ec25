/**
 * How what is asked of a running saga is decided. All of it arrives by Updates: they can be refused, and are answered
 * only when they are decided; a signal can be neither (rules 18 and 24). Validators decide by the state at that moment.
 */
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import { CancellationScope, condition, currentUpdateInfo, setHandler } from '@temporalio/workflow';
import type { Decision, RefusalCode, ResolveRequest, SteeringRequest } from './messages.js';
import { isCancellable, isUnwinding } from './record.js';
import { endWait, type Desk, type Run } from './run.js';

const SENTENCES: Readonly<Record<RefusalCode, string>> = {
  AlreadyUnwinding: 'The saga unwinds or has been undone',
  AlreadyFulfilled: 'Nothing is left that could be undone',
  NotApplicable: 'This does not apply to the saga as it stands',
  Overtaken: 'The step was answered before the request could act',
  RequestIdReused: 'A request with this id and other content was made before',
  InvalidRequest: 'A request needs an id, an actor, a reason, and a time until which it is valid',
  NotDecided: 'Not decided in time: repeat the request with the same id',
};

function refuse(run: Run, type: RefusalCode): ApplicationFailure {
  const { state, blockedOn } = run.record;
  return ApplicationFailure.create({
    type,
    message: SENTENCES[type],
    nonRetryable: true,
    details: [{ state, blockedOn }],
  });
}

/** Installs the handlers. `cancel` acts on an accepted cancel. */
export function offerMessages(run: Run, cancel: (request: SteeringRequest) => void): void {
  const { state, journal, resolve, cancel: cancelUpdate, approve, reject } = run.definition.messages;
  setHandler(state, () => run.record);
  if (journal) setHandler(journal, () => run.entries);
  offer(run, resolve, resolveProblem, (request) => steer(run, request));
  offer(run, cancelUpdate, cancelProblem, cancel);
  if (approve) offer(run, approve, waitProblem, ({ actor, reason }) => endWait(run, 'approved', { actor, reason }));
  if (reject) offer(run, reject, waitProblem, ({ actor, reason }) => endWait(run, 'rejected', { actor, reason }));
}

/** `problem` says why a request cannot be acted on now, if so; what `act` returns or resolves to is false if it came too late. */
function offer<Request extends SteeringRequest & Partial<ResolveRequest>>(
  run: Run,
  update: UpdateDefinition<Decision, [Request]>,
  problem: (run: Run, request: Request) => RefusalCode | undefined,
  act: (request: Request) => void | Promise<boolean>,
): void {
  const idOf = ({ requestId }: Request): string => requestId ?? currentUpdateInfo()?.id ?? '';
  const contentOf = ({ step, action, actor, reason }: Request): string =>
    JSON.stringify([update.name, step, action, actor, reason]);

  const validator = (request: Request): void => {
    const known = run.decisions[idOf(request)];
    if (known?.content === contentOf(request)) return;
    const code = known ? 'RequestIdReused' : (formProblem(run, request, idOf(request)) ?? problem(run, request));
    if (code) throw refuse(run, code);
  };

  const handler = async (request: Request): Promise<Decision> => {
    const id = idOf(request);
    if (!run.decisions[id]) {
      const content = contentOf(request);
      run.decisions[id] = { content };
      if ((await act(request)) === false) delete run.decisions[id];
      else run.decisions[id] = { content, decision: decisionNow(run) };
    }
    // The same request, sent twice at once, gets the same answer.
    await condition(() => !run.decisions[id] || !!run.decisions[id].decision);
    const decision = run.decisions[id]?.decision;
    if (!decision) throw refuse(run, 'Overtaken');
    return decision;
  };
  // Once Temporal has cancelled the workflow, nothing could be awaited in a handler that is cancelled with it.
  setHandler(update, (request: Request) => CancellationScope.nonCancellable(() => handler(request)), { validator });
}

const decisionNow = ({ record: { state } }: Run): Decision => ({ accepted: true, state, at: new Date().toISOString() });

function formProblem(run: Run, { actor, reason, validUntil }: SteeringRequest, id: string): RefusalCode | undefined {
  const isText = (text: unknown): boolean => typeof text === 'string' && text.trim() !== '' && text.length <= 1000;
  const until = Date.parse(validUntil);
  if (![id, actor, reason].every(isText) || Number.isNaN(until)) return 'InvalidRequest';
  return run.handingOver || until < Date.now() ? 'NotDecided' : undefined;
}

function cancelProblem({ record }: Run): RefusalCode | undefined {
  if (record.reason !== null) return 'AlreadyUnwinding';
  return isCancellable(record) ? undefined : 'AlreadyFulfilled';
}

const waitProblem = ({ record }: Run): RefusalCode | undefined =>
  record.waitingFor && !isUnwinding(record) ? undefined : 'NotApplicable';

function resolveProblem({ desks, record }: Run, { step, action }: ResolveRequest): RefusalCode | undefined {
  const desk = desks.get(step);
  const applies = desk?.allowed.includes(action) && !desk.pending && !(action === 'block' && record.blockedOn !== null);
  return applies ? undefined : 'NotApplicable';
}

/** Cuts the call short, or wakes it where it is blocked; false if the participant's answer was quicker. */
async function steer(run: Run, request: ResolveRequest): Promise<boolean> {
  const desk = run.desks.get(request.step);
  if (!desk || desk.pending) return false;
  const pending: NonNullable<Desk['pending']> = { request };
  desk.pending = pending;
  desk.scope?.cancel();
  await condition(() => pending.taken !== undefined);
  return pending.taken === true;
}
