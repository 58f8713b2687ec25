/** The operator's decisions on a dead letter. Each change has an actor and a reason. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Audit, DecisionOutcome } from '../journal/decisions/audit-row.js';
import { commandLineCaller, recordDecision } from '../journal/decisions/record-decision.js';
import type { DeadLetter, DeadLetters, LetterFilter } from '../journal/dead-letters/table.js';
import type { OrderReader } from '../activities/participants.js';
import { noticeFields, NOTICES, orderIdOf, STEP_OF } from '../order.js';
import { exchange, parseJson, type Incoming } from '../platform/outbound/exchange.js';
import { at, type ServiceTarget } from '../platform/outbound/service-access.js';
import { kindOf, reasonOf } from '../platform/reason.js';
import type { ResolveAction } from '../workflows/messages.js';
import { Problem, PROBLEMS, type ProblemCode } from '../problems.js';
import { steerSaga, stepRequest, type SteeringDeps } from './steer.js';

export interface Change {
  readonly actor: string;
  readonly reason: string;
  /** A repeat under the same id is the same decision. */
  readonly requestId: string;
}

export interface Shop extends SteeringDeps {
  readonly journal: SteeringDeps['journal'] & { readonly audit: Pick<Audit, 'note'> };
  readonly orders: OrderReader & SteeringDeps['orders'];
  readonly notification: ServiceTarget;
}

/** `said`: a sentence; `done` is false if the letter is still open. */
export interface Worked {
  readonly done: boolean;
  readonly said: string;
  /** The code of the refusal; absent if nothing was refused. */
  readonly code?: ProblemCode;
}

export type Verb = 'retry' | 'resolve' | 'drop';

const ANSWER_WITHIN_MS = 15_000;
const PATIENCE_MS = 20_000;
const LONGEST_ANSWER = 64 * 1024;

interface OneLetter {
  readonly letter: DeadLetter;
  readonly verb: Verb;
  readonly change: Change;
}

/** Acts on one dead letter as the operator decided, recorded. A letter that is resolved already stays as it is. */
export function resolveDeadLetter(letters: DeadLetters, shop: Shop, one: OneLetter): Promise<Worked> {
  const { letter, verb, change } = one;
  const { sagaId, step } = letter;
  const asked = {
    ...commandLineCaller(change.actor),
    // A blocked step is decided by its saga.
    action: letter.kind === 'blocked' && verb !== 'drop' ? ACTIONS[verb] : `dead-letters.${verb}`,
    subject: `dead letter ${letter.id}`,
    ...(sagaId !== null && { sagaId }),
    ...(step !== null && { step }),
    reason: change.reason,
    requestId: change.requestId,
  };
  return recordDecision(shop.journal.audit, asked, () => workOn(letters, shop, one), outcomeOf);
}

const ACTIONS = { retry: 'retry', resolve: 'skip' } as const;

function outcomeOf({ done, code }: Worked): DecisionOutcome {
  if (done) return { outcome: 'accepted' };
  if (code === undefined) return { outcome: 'undecided' };
  return { outcome: PROBLEMS[code].status >= 500 ? 'undecided' : 'refused', code };
}

async function workOn(letters: DeadLetters, shop: Shop, { letter, verb, change }: OneLetter): Promise<Worked> {
  const { kind, resolution, resolvedBy } = letter;
  if (resolution !== null)
    return { done: true, said: `it is ${resolution} already, by ${resolvedBy ?? 'an unknown operator'}` };
  if (kind === 'parkedCommand') {
    return {
      done: false,
      said: `its saga's later commands wait behind it: npx --no unwind parked releases, skips or drops it`,
    };
  }
  if (verb === 'drop') {
    if (kind === 'rejectedEvent' || kind === 'rejectedCommand') return close(letters, letter, 'dropped', change);
    return { done: false, said: `only what a sink or Kafka's reader rejected can be dropped: retry or resolve it` };
  }
  if (kind === 'blocked') return decide(letters, shop, letter, verb === 'retry' ? 'retry' : 'skip', change);
  if (kind === 'undelivered' && verb === 'retry') return deliver(letters, shop, letter, change);
  if (verb === 'resolve') return close(letters, letter, 'resolved', change);
  return { done: false, said: 'the relay tries it again by itself: resolve or drop it' };
}

async function close(letters: DeadLetters, { id }: DeadLetter, resolution: string, change: Change): Promise<Worked> {
  const closed = await letters.resolve(id, { resolution, ...change });
  return { done: true, said: closed ? resolution : 'another operator closed it first' };
}

/** The saga decides. The letter is closed by the saga's journal, not from here. */
async function decide(
  letters: DeadLetters,
  shop: Shop,
  letter: DeadLetter,
  action: ResolveAction,
  change: Change,
): Promise<Worked> {
  const { id, sagaId, step } = letter;
  try {
    await steerSaga(shop, sagaId ?? '', stepRequest({ step: step ?? '', action, ...change }), 'SagaNotFound');
  } catch (error) {
    // The workflow is gone, for example terminated, so its journal gets no more events.
    const isGone = error instanceof Problem && GONE.has(error.code);
    if (isGone && action === 'skip') return close(letters, letter, 'resolved', change);
    const code = error instanceof Problem ? { code: error.code } : {};
    return { done: false, said: isGone ? 'its saga runs no more: resolve it' : refusalOf(error, change), ...code };
  }
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await pause(250)) {
    const now = await letters.get(id);
    if (now && now.resolution !== null) return { done: true, said: now.resolution };
  }
  return { done: false, said: `${action} is accepted; the letter closes when the journal has recorded it` };
}

/** The codes with which steering answers for a saga that has ended or is unknown. */
const GONE: ReadonlySet<string> = new Set(['SagaNotFound', 'AlreadyEnded', 'AlreadyFulfilled']);

function refusalOf(error: unknown, { requestId }: Change): string {
  const again = `repeat it with --request-id ${requestId}`;
  if (!(error instanceof Problem)) return `undecided (${reasonOf(error)}): ${again}`;
  if (error.code === 'SagaPaused') return `its saga is paused in Temporal: unpause it, then ${again}`;
  return PROBLEMS[error.code].status >= 500 ? `undecided: ${again}` : `refused: ${error.code}`;
}

/** Repeats the same `PUT` under the same id, so that a notice that did arrive is not sent twice. */
async function deliver(letters: DeadLetters, shop: Shop, letter: DeadLetter, change: Change): Promise<Worked> {
  const { id, sagaId, step } = letter;
  const kind = NOTICES.find((notice) => STEP_OF[notice] === step);
  const orderId = orderIdOf(sagaId ?? '');
  if (kind === undefined || orderId === undefined) {
    return {
      done: false,
      said: 'only the notices of orders are sent again from here: deliver it yourself, then resolve it',
    };
  }
  const order = await shop.orders.get(orderId);
  if (!order) return { done: false, said: 'its order is gone: resolve it' };
  if (order.forgottenAt)
    return { done: false, said: 'its customer was forgotten, and cannot be written to: resolve it' };
  const { url, access } = at(shop.notification, `/api/notifications/${sagaId}-${kind}`);
  const answer = await exchange({
    method: 'PUT',
    url: new URL(url),
    access,
    headers: { 'content-type': 'application/json', accept: 'application/json, application/problem+json' },
    body: JSON.stringify({ orderId, ...noticeFields(order, kind) }),
    within: ANSWER_WITHIN_MS,
    longest: LONGEST_ANSWER,
  }).then(codeOf, kindOf);
  if (answer === undefined) return close(letters, letter, 'delivered', change);
  await letters.noteFailure(id, answer);
  return { done: false, said: `not delivered: ${answer}` };
}

/** Undefined for a success. */
function codeOf({ status, text }: Incoming): string | undefined {
  const { effect, code }: { effect?: unknown; code?: unknown } = Object(parseJson(text));
  if (status === 200 && effect === 'applied') return undefined;
  return typeof code === 'string' ? code : `answer ${status}`;
}

export interface ManyLetters {
  /** Only open letters are taken. */
  readonly filter: LetterFilter;
  readonly verb: Verb;
  /** Each letter is decided under the request id followed by its own number, so that a repeat is the same decision. */
  readonly change: Change;
  /** Ends the work after the letters in progress. */
  readonly stop: AbortSignal;
}

const AT_A_TIME = 8;

/**
 * Resolves the letters; after one that fails the others go on. It may be repeated, because it takes only letters that
 * are still open.
 */
export async function* resolveDeadLetters(
  letters: DeadLetters,
  shop: Shop,
  { filter, verb, change, stop }: ManyLetters,
): AsyncGenerator<Worked & { readonly letter: DeadLetter }> {
  for (let after = '0'; !stop.aborted;) {
    const page = await letters.list({ ...filter, which: 'open' }, after, AT_A_TIME);
    if (page.length === 0) return;
    after = page.at(-1)?.id ?? after;
    const worked = page.map(async (letter) => {
      const own = { ...change, requestId: `${change.requestId}-${letter.id}` };
      const worked = await resolveDeadLetter(letters, shop, { letter, verb, change: own }).catch((error: unknown) => ({
        done: false,
        said: `it failed: ${reasonOf(error)}`,
      }));
      return { letter, ...worked };
    });
    yield* await Promise.all(worked);
  }
}
