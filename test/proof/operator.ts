/** Asks of a saga what its schedule says, and what a good operator does where it stays blocked. */
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { ServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Client, WorkflowUpdateHandle } from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import { approve, cancelSaga, reject, resolveStep } from '../../src/saga/saga.js';
import type { Decision, ResolveAction, ResolveRequest, SteeringRequest } from '../../src/saga/saga.js';
import { change, keyOf, takeAt, type Asked, type Request, type Scene } from './scene.js';
import { isApproval, type Ask, type Operation, type Point } from './schedule.js';

/** Outlasts whatever time is skipped. */
const FAR_AHEAD = '2300-01-01T00:00:00Z';
const OPERATOR = { actor: 'olga', reason: 'looked into it', validUntil: FAR_AHEAD };

const MESSAGES: Readonly<Partial<Record<Ask, UpdateDefinition<Decision, [SteeringRequest]>>>> = {
  cancel: cancelSaga,
  approve,
  reject,
};

type Answer = Asked['answers'][number];

const ACCEPTED = { waitForStage: 'ACCEPTED' } as const;

/** Whether the server can take it now: the one that skips time stops it for good if a call is cut in its back-off. */
export const canBeAsked = ({ pace, isReal }: Scene, { ask, step }: Request): boolean => {
  if (isReal || ask === 'approve' || ask === 'reject') return true;
  return ask === 'cancel' || ask === 'temporalCancel' ? !pace.anyInBackOff() : !pace.inBackOff(step);
};

/** Asks once, or three times, and says whether it was accepted. */
export function put(client: Client, scene: Scene, request: Request): Promise<boolean> {
  const { ask, step, repeated } = request;
  const requestId = `${scene.sagaId}-${scene.asked.length}`;
  const asked: Asked = { ask, step, requestId, calls: callsOf(scene, step), answers: [] };
  scene.asked.push(asked);
  // What is asked about a call that is being handled is decided when it has ended: then its acceptance is waited for.
  const isUnderWay = scene.pace.isRunning(step) && ask !== 'cancel';
  return scene.pace.asking(async () => {
    if (ask === 'temporalCancel') return cancelInTemporal(client, scene);
    const answered = (answer: Answer): void => {
      // The first of several may have come too early, and another one not.
      const isFirst = !asked.answers.some((other) => other.answer === 'accepted');
      asked.answers.push(answer);
      if (answer.answer === 'accepted' && isFirst) makeTrue(scene, request);
    };
    const send = async (): Promise<void> => {
      const accepted = sent(client, scene, asked);
      const answering = answerOf(client, scene, asked, accepted).then(answered);
      if (!isUnderWay) return answering;
      // Whether it went well is asked when the saga has ended, which one that has stopped its server never does.
      answering.catch(() => undefined);
      scene.errands.push(answering);
      await accepted.catch(() => undefined);
      // A refusal is known by now; what is not decided waits for the call.
      await nextTurn();
    };
    await Promise.all(repeated ? [send(), send()] : [send()]);
    if (repeated) await send();
    return asked.answers.some(({ answer }) => answer === 'accepted');
  });
}

type Sent = Promise<WorkflowUpdateHandle<Decision>>;

function sent(client: Client, { sagaId }: Scene, { ask, step, requestId }: Asked): Sent {
  const handle = client.workflow.getHandle(sagaId);
  const message = MESSAGES[ask];
  const about = isApproval(step) ? { ...OPERATOR, approval: step } : OPERATOR;
  if (message) return handle.startUpdate(message, { updateId: requestId, args: [about], ...ACCEPTED });
  const request: ResolveRequest = { ...OPERATOR, step, action: ask as ResolveAction, requestId };
  return handle.startUpdate(resolveStep, { updateId: randomUUID(), args: [request], ...ACCEPTED });
}

/** Whoever meets a run that is being continued as new asks the next one, with the same id. */
async function answerOf(client: Client, scene: Scene, asked: Asked, sending: Sent): Promise<Answer> {
  const answer = await (scene.isReal ? answerTo(sending).catch(metTheEnd) : answerTo(sending));
  const isOver = !scene.isReal || ['COMPLETED', 'FAILED', 'CANCELLED'].includes(scene.record?.state ?? '');
  if (isOver || (answer.answer !== 'NotDecided' && answer.answer !== 'gone')) return answer;
  await pause(50);
  return answerOf(client, scene, asked, sent(client, scene, asked));
}

/** What Temporal says of a request that came while its run was being closed. */
function metTheEnd(error: unknown): Answer {
  if (!(error instanceof ServiceError)) throw error;
  return { answer: 'gone' };
}

async function answerTo(sending: Sent): Promise<Answer> {
  try {
    return { answer: 'accepted', decision: await (await sending).result() };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { answer: 'gone' };
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    const { cause } = error;
    return { answer: (cause instanceof ApplicationFailure && cause.type) || String(cause) };
  }
}

/** Resolves once the saga has seen it: a request about no step is always refused, after the cancel. */
async function cancelInTemporal(client: Client, scene: Scene): Promise<boolean> {
  await client.workflow.getHandle(scene.sagaId).cancel();
  await answerTo(sent(client, scene, { ask: 'block', step: 'nobody', requestId: randomUUID(), calls: 0, answers: [] }));
  // Whether it was accepted is in the journal.
  return false;
}

/** An operator who answers for a participant has seen to it that the answer is true. */
function makeTrue(scene: Scene, { ask, step }: Request): void {
  const now = scene.ledger.get(step);
  const forward = scene.record?.state !== 'COMPENSATING';
  if (ask === 'applied' && forward && now !== 'applied') change(scene, step, 'applied', 'operator');
  if (ask === 'notApplied') change(scene, step, now === 'applied' ? 'undone' : 'fenced', 'operator');
}

/** Repairs the participant, a refusal that it stored included. */
function repair({ behaviours, ledger }: Scene, step: string): void {
  for (const operation of ['act', 'undo', 'ask'] as const) behaviours.delete(keyOf(operation, step));
  if (ledger.get(step) === 'refused') ledger.delete(step);
}

/** Asks now, or as soon as the server can take it. */
async function putOrWait(client: Client, scene: Scene, request: Request): Promise<boolean> {
  if (canBeAsked(scene, request)) return put(client, scene, request);
  scene.due.add(request);
  return false;
}

/** Ends a block: first what the schedule asks at this point, then the last resort, then a retry. */
export async function unblock(client: Client, scene: Scene, step: string): Promise<void> {
  const nth = ++scene.blocks;
  for (const request of takeAt(scene, (at) => at.on === 'blocked' && at.nth === nth, step)) {
    if ((await putOrWait(client, scene, request)) && request.step === step) return;
  }
  repair(scene, step);
  for (const ask of [scene.schedule.lastResort, 'retry'] as const) {
    if (await put(client, scene, { ask, step, repeated: false })) return;
  }
}

/** Answers an approval as the schedule says; where it says nothing it is given, or nobody comes. */
export async function answerApproval(client: Client, scene: Scene, approval: string): Promise<void> {
  let answered = false;
  const nth = ++scene.waits;
  for (const request of takeAt(scene, (at) => at.on === 'approval' && at.nth === nth, '')) {
    const step = MESSAGES[request.ask] ? approval : request.step;
    answered = (await putOrWait(client, scene, { ...request, step })) || answered;
  }
  if (answered || scene.schedule.lastResort === 'skip') return;
  await put(client, scene, { ask: 'approve', step: approval, repeated: false });
}

/** Asks what the schedule says for the moment at which a call waits for its next attempt. */
export async function askInBackOff(client: Client, scene: Scene, operation: Operation, step: string): Promise<void> {
  const nth = timesOf(scene, operation, step);
  const isHere = (at: Point): boolean =>
    at.on === 'backOff' && at.operation === operation && at.step === step && at.nth === nth;
  for (const request of takeAt(scene, isHere, step)) {
    while (scene.pace.inBackOff(step) && !(await isShown(client, scene, operation))) await pause(20);
    await put(client, scene, request);
  }
}

/** Temporal knows that an attempt has failed. */
async function isShown(client: Client, { sagaId }: Scene, operation: Operation): Promise<boolean> {
  const { pendingActivities } = (await client.workflow.getHandle(sagaId).describe()).raw;
  return !!pendingActivities?.some(
    ({ activityType, attempt }) => activityType?.name === operation && Number(attempt) > 1,
  );
}

const callsOf = ({ arrivals }: Scene, step: string): number => arrivals.filter((call) => call.step === step).length;

const timesOf = ({ arrivals }: Scene, operation: Operation, step: string): number =>
  arrivals.filter((call) => call.operation === operation && call.step === step).length;

/**
 * Asks what the schedule says for the moment at which a call arrives, and what has had to wait. True: a decision about this
 * call was accepted and waits for its end.
 */
export async function askOnArrival(client: Client, scene: Scene, operation: Operation, step: string): Promise<boolean> {
  const nth = timesOf(scene, operation, step);
  // A server that bears no cut in a back-off is asked beforehand.
  const here: readonly Point['on'][] = scene.isReal ? ['call'] : ['call', 'backOff'];
  const isHere = (at: Point): boolean =>
    here.includes(at.on) && 'operation' in at && at.operation === operation && at.step === step && at.nth === nth;
  for (const request of takeAt(scene, isHere, step)) scene.due.add(request);
  for (const request of scene.due) {
    if (!canBeAsked(scene, request) || !scene.due.delete(request)) continue;
    await put(client, scene, request);
  }
  // A decision about an earlier call that has ended may not have been answered yet.
  const calls = callsOf(scene, step);
  return scene.asked.some((asked) => asked.step === step && asked.calls === calls && asked.answers.length === 0);
}
