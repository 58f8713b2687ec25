/**
 * Records a decision before and after it is made: the one function that each door calls, so that a process that dies in
 * between leaves a decision whose outcome is unknown, and none that the audit does not know.
 */
import { randomUUID } from 'node:crypto';
import { Problem, PROBLEMS } from '../../problems.js';
import { JournalUnavailableError } from '../tables/unavailable.js';
import type { Audit, DecisionOutcome, AuditCaller, AuditRequest } from './audit-row.js';

/** A decision that is to be recorded. */
export interface AuditDecision extends AuditCaller, AuditRequest {
  /** Unless set, a new one. The repeats of one request have the same, and only the last of them answers. */
  readonly id?: string;
  /** It is tried again until it is decided: an attempt that does not decide is no answer. */
  readonly isRepeated?: true;
  /**
   * Called if the audit's database is away: the decision is then made all the same. Only for decisions that the saga
   * itself records, because those reach the audit from the saga's events when the database is back. Without it a decision
   * that cannot be recorded is not made.
   */
  readonly onAway?: (error: JournalUnavailableError) => void;
}

/** A person at a terminal; the name is the one that was given. */
export const commandLineCaller = (actor: string): AuditCaller => ({ door: 'cli', actor, kind: 'person', roles: [] });

/** The outcome of a decision that ended with this error. */
export function answerOf(error: unknown): DecisionOutcome {
  if (!(error instanceof Problem)) return { outcome: 'failed', code: 'InternalError' };
  const { status } = PROBLEMS[error.code];
  const outcome = status >= 500 ? 'undecided' : status === 401 || status === 403 ? 'denied' : 'refused';
  return { outcome, code: error.code };
}

/** A paused saga has not decided: it does when it is resumed (rule 51). */
const isFinal = ({ outcome, code }: DecisionOutcome): boolean =>
  outcome !== 'undecided' && outcome !== 'failed' && code !== 'SagaPaused';

/**
 * Makes the decision `act`, recorded. `answered` says what became of it, if a result is not always an acceptance.
 *
 * @throws the errors of `act`, and `JournalUnavailableError` if there is no `onAway`
 */
export async function recordDecision<Result>(
  audit: Pick<Audit, 'note'>,
  { id = randomUUID(), isRepeated, onAway, ...asked }: AuditDecision,
  act: () => Promise<Result>,
  answered: (result: Result) => DecisionOutcome = () => ({ outcome: 'accepted' }),
): Promise<Result> {
  const note = async (phase: 'asked' | 'answered', answer: DecisionOutcome, isSoft: boolean): Promise<void> => {
    await audit.note({ ...asked, ...answer, id, phase }).catch((error: unknown) => {
      if (!(error instanceof JournalUnavailableError) || !isSoft) throw error;
      onAway?.(error);
    });
  };
  await note('asked', { outcome: 'unknown' }, onAway !== undefined);
  let result: Result;
  try {
    result = await act();
  } catch (error) {
    const answer = answerOf(error);
    const isOver = !isRepeated || isFinal(answer);
    // The caller gets the decision's own error.
    if (isOver) await note('answered', answer, true).catch(() => undefined);
    throw error;
  }
  // It is made: an audit that is away now leaves it with an unknown outcome, and does not make it undone.
  await note('answered', answered(result), true);
  return result;
}

/** Records a denial: a known caller was not allowed to do it. A database that is away keeps no denial from its answer. */
export async function recordDenial(
  audit: Pick<Audit, 'note'>,
  denied: AuditCaller & AuditRequest,
  code: string,
  onAway: (error: JournalUnavailableError) => void,
): Promise<void> {
  await audit
    .note({ ...denied, id: randomUUID(), phase: 'answered', outcome: 'denied', code })
    .catch((error: unknown) => {
      if (!(error instanceof JournalUnavailableError)) throw error;
      onAway(error);
    });
}
