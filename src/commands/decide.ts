/**
 * What becomes of one message of `saga-commands`: it is acted on once, or ends on `saga-commands-dlq` with the reason,
 * and `SagaRejected` is published. Where something that it needs is away it is tried until it is decided.
 */
import { createHash } from 'node:crypto';
import { Problem } from '../api/problem.js';
import { PROBLEMS } from '../api/problems.js';
import { EngineUnavailableError } from '../api/temporal.js';
import { JournalUnavailableError } from '../journal/unavailable.js';
import { OrdersUnavailableError } from '../orders/unavailable.js';
import { commandOf, openEnvelope, type Envelope } from './command.js';
import type { Inbox } from './inbox.js';
import type { Obey } from './obey.js';

export interface CommandMessage {
  readonly value: Buffer | null;
  /** Where and when the broker has stored it: the same at each delivery, and never given to another one. */
  readonly place: string;
}

export interface RejectedCommand {
  readonly id: string;
  readonly sagaId: string | undefined;
  readonly command: string | undefined;
  readonly correlationId: string;
  /** A code of the API's table. */
  readonly code: string;
  /** Which fields, and why; no value that was sent. */
  readonly detail: string;
}

export interface DecideDeps {
  readonly inbox: Inbox;
  readonly obey: Obey;
  /** Resolves once it is on both topics. */
  readonly reject: (rejected: RejectedCommand) => Promise<void>;
}

export type Outcome = 'accepted' | 'refused' | 'repeated';

/** What fails so often in a way that nobody has foreseen is refused: it must not keep others waiting for ever. */
const MOST_TRIES = 5;

/** Nothing is wrong with the command: it is to be decided later. */
export class UndecidedError extends Error {
  override readonly name = 'UndecidedError';
}

/** Throws an `UndecidedError` where it is to be tried again, and whatever a database or broker that is away throws. */
export async function decide(deps: DecideDeps, { value, place }: CommandMessage, tries = 1): Promise<Outcome> {
  const opened = open(value);
  const { commandId, correlationId = correlationOf(place), sagaId, command } = opened.envelope;
  const id = commandId ?? place;
  const taken = await deps.inbox.takeIn(id, value, opened.envelope);
  if (taken === 'repeated') return 'repeated';
  const about = { sagaId, command, correlationId };
  if (taken === 'other') {
    // The other one keeps the id: this one is known by its place.
    if ((await deps.inbox.takeIn(place, value, opened.envelope)) === 'repeated') return 'repeated';
    return await refuse(deps, { ...about, id: place }, new Problem('RequestIdReused'));
  }
  try {
    if (opened.problem) throw opened.problem;
    await deps.obey(commandOf(opened.envelope), { commandId: id, correlationId });
  } catch (thrown) {
    const error = isUnforeseen(thrown) && tries >= MOST_TRIES ? new Problem('InternalError') : thrown;
    if (!(error instanceof Problem)) throw error;
    const { status, retryAfter }: { status: number; retryAfter?: number } = PROBLEMS[error.code];
    if (status === 503 || retryAfter !== undefined) throw new UndecidedError(error.code, { cause: error });
    return await refuse(deps, { ...about, id }, error);
  }
  await deps.inbox.accepted(id);
  return 'accepted';
}

const isUnforeseen = (error: unknown): boolean =>
  ![Problem, EngineUnavailableError, OrdersUnavailableError, JournalUnavailableError].some(
    (kind) => error instanceof kind,
  );

interface Opened {
  readonly envelope: Envelope;
  readonly problem?: Problem;
}

const NOTHING: Envelope = {
  sagaId: undefined,
  command: undefined,
  commandId: undefined,
  correlationId: undefined,
  fields: {},
};

function open(value: Buffer | null): Opened {
  try {
    return { envelope: openEnvelope(value) };
  } catch (error) {
    if (error instanceof Problem) return { envelope: NOTHING, problem: error };
    throw error;
  }
}

async function refuse(
  { inbox, reject }: DecideDeps,
  about: Omit<RejectedCommand, 'code' | 'detail'>,
  { code, message, details }: Problem,
): Promise<Outcome> {
  const fields = details.errors?.map(({ field, message: why }) => `${field} ${why}`).join('; ');
  // Names of fields are the sender's: PostgreSQL stores no null character, and a header is one line.
  // oxlint-disable-next-line no-control-regex -- to replace them
  const detail = (fields ?? message).replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, 1_000);
  // First where everybody sees it: a reader that dies in between publishes it once more, under the same id.
  await reject({ ...about, code, detail });
  await inbox.refused({ id: about.id, sagaId: about.sagaId, reason: `${code}: ${detail}` });
  return 'refused';
}

const correlationOf = (place: string): string =>
  `command-${createHash('sha256').update(place).digest('hex').slice(0, 16)}`;
