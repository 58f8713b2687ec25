/**
 * The record of a saga: plain data, the same in a query's answer, a read model and a page; and the questions that it
 * answers. Times are ISO 8601 in UTC, taken from the workflow's clock.
 */

/** The states in which a saga has ended. */
export type Verdict = 'COMPLETED' | 'FAILED' | 'CANCELLED';

/** The state of a saga: on its way, or its verdict. */
export type SagaState = 'STARTED' | 'PENDING' | 'COMPENSATING' | Verdict;

export type StepKind = 'compensatable' | 'pivot' | 'retriable';

/**
 * `unknown`: the outcome is not known, it may have happened. `nothingToDo`: the compensation found no effect.
 * `skipped`: an operator waived it.
 */
export type StepStatus =
  | ('pending' | 'executing' | 'completed' | 'failed' | 'unknown')
  | ('compensating' | 'compensated' | 'nothingToDo' | 'skipped');

/** One step, as it stands. */
export interface StepRecord {
  readonly name: string;
  readonly kind: StepKind;
  readonly status: StepStatus;
  /** The answer of the action: ids and totals. */
  readonly result?: unknown;
  /** The last failure: a refusal code, `StepTimedOut`, `StepUnknown` …, and a sentence. Never a participant's free text. */
  readonly error?: { readonly code: string; readonly message: string };
  /** When the action was scheduled first. */
  readonly executedAt?: string;
  /** When the present call gives up: scheduling plus budget. */
  readonly timeoutAt?: string;
  readonly compensatedAt?: string;
  /** Attempts of the action and its compensation that the workflow knows of: a lower bound while one is running. */
  readonly attempts: number;
}

/** The actor of a decision, and the reason. */
export interface Who {
  readonly actor: string;
  readonly reason: string;
}

/** A step that a named operator decided to leave as it is. */
export interface Waiver extends Who {
  readonly step: string;
}

/** How a saga ends. */
export interface End {
  readonly state: Verdict;
  /** The reason of FAILED or CANCELLED: a refusal code, `StepTimedOut`, `DeadlineExceeded`, `CancelRequested`, … */
  readonly reason: string | null;
}

/** The result of a saga's workflow. */
export interface SagaOutcome extends End {
  /** Ids and totals, never personal data. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly waivers: readonly Waiver[];
  /** Steps that exhausted their budget or were refused; they block nothing. */
  readonly deadLetters: readonly string[];
  /** Temporal's own cancel arrived when it could not be acted on any more. */
  readonly cancelledTooLate?: true;
}

/** An approval that is awaited, until a time. */
export interface Awaited {
  readonly approval: string;
  readonly until: string;
}

/** The approval that has waited longest, and those that wait beside it. */
export interface WaitingFor extends Awaited {
  readonly also?: readonly Awaited[];
}

/** The whole state of a saga, as it is shown. */
export interface SagaRecord extends Omit<SagaOutcome, 'state' | 'cancelledTooLate'> {
  readonly sagaId: string;
  readonly sagaType: string;
  readonly state: SagaState;
  readonly currentStep: string | null;
  /** The step that waits for an operator. */
  readonly blockedOn: string | null;
  readonly waitingFor: WaitingFor | null;
  readonly steps: readonly StepRecord[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The reason of a saga that unwinds because its cancel was accepted. */
export const CANCEL_REQUESTED = 'CancelRequested';

/** Codes that only the library gives. */
const OWN_CODES: ReadonlySet<string> = new Set([
  CANCEL_REQUESTED,
  'ApprovalExpired',
  'ApprovalRejected',
  'BlockedByOperator',
  'Cancelled',
  'DeadlineExceeded',
  'NotApplied',
  'RunEnded',
  'StepTimedOut',
  'StepUnknown',
]);

/**
 * Marks a code from outside (of a participant or of the body) that equals one of the library's own, so that it is not
 * taken for it.
 */
export const foreign = (code: string): string => (OWN_CODES.has(code) ? `Foreign${code}` : code);

/** True if the saga has begun, and neither unwinds nor has ended: only then may it start anything more. */
export const isGoingForward = ({ state }: SagaRecord): boolean => state === 'STARTED' || state === 'PENDING';

/** True if the saga has a verdict. */
export const hasEnded = (record: SagaRecord): boolean => !isGoingForward(record) && record.state !== 'COMPENSATING';

/**
 * True from the scheduling of the first step that cannot be undone, unless that is a pivot that is refused. The saga
 * then only goes forward: it cannot be cancelled, and only retriable steps may follow (rules 14 and 24).
 */
export const isCommitted = ({ steps }: SagaRecord): boolean =>
  steps.some(
    ({ kind, status }) =>
      kind !== 'compensatable' && status !== 'pending' && !(kind === 'pivot' && status === 'failed'),
  );

/** The approvals that are awaited, the longest first. */
export function awaitedIn({ waitingFor }: SagaRecord): readonly Awaited[] {
  if (!waitingFor) return [];
  const { also = [], ...first } = waitingFor;
  return [first, ...also];
}

/** True if a running call may still start the unwinding. */
export const mayStillUnwind = ({ steps, waitingFor }: SagaRecord): boolean =>
  waitingFor !== null ||
  steps.some(({ kind, status }) => kind !== 'retriable' && (status === 'executing' || status === 'unknown'));

/** CANCELLED if and only if an accepted cancel started the unwinding. */
export function verdictOf({ state, reason }: SagaRecord): End {
  if (state !== 'COMPENSATING') return { state: 'COMPLETED', reason };
  return { state: reason === CANCEL_REQUESTED ? 'CANCELLED' : 'FAILED', reason };
}
