/**
 * What a saga tells about itself: plain data, the same in a query's answer, a read model and a page.
 * Types only. Times are ISO 8601 in UTC, taken from the workflow's clock.
 */

export type SagaState = 'STARTED' | 'PENDING' | 'COMPENSATING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

/** The states in which a saga has ended. */
export type Verdict = Extract<SagaState, 'COMPLETED' | 'FAILED' | 'CANCELLED'>;

export type StepKind = 'compensatable' | 'pivot' | 'retriable';

export type StepStatus =
  | 'pending'
  | 'executing'
  | 'completed'
  | 'failed'
  | 'compensating'
  | 'compensated'
  /** The outcome could not be learnt: it may have happened. */
  | 'unknown'
  /** Its compensation found no effect. */
  | 'nothingToDo'
  /** An operator waived it. */
  | 'skipped';

export interface StepError {
  /** A refusal code, `StepTimedOut`, or what the last attempt failed with. Never free text of a participant. */
  readonly code: string;
  /** For the operator: one sentence. */
  readonly message: string;
}

export interface StepRecord {
  readonly name: string;
  readonly kind: StepKind;
  readonly status: StepStatus;
  /** What the action answered: ids and totals. */
  readonly result?: unknown;
  readonly error?: StepError;
  /** When the action was scheduled first. */
  readonly executedAt?: string;
  /** When what runs now gives up: scheduling plus budget. */
  readonly timeoutAt?: string;
  readonly compensatedAt?: string;
  /** Attempts of the action and its compensation that the workflow knows of: a lower bound while one is running. */
  readonly attempts: number;
}

/** A compensation that a named operator decided not to run. */
export interface Waiver {
  readonly step: string;
  readonly actor: string;
  readonly reason: string;
}

export interface SagaRecord {
  readonly sagaId: string;
  readonly sagaType: string;
  readonly state: SagaState;
  /** Ids and totals, never personal data. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly currentStep: string | null;
  /** The step that waits for an operator. */
  readonly blockedOn: string | null;
  readonly waitingFor: { readonly approval: string; readonly until: string } | null;
  /** Why it failed or was cancelled: a refusal code, `StepTimedOut`, `DeadlineExceeded`, … */
  readonly reason: string | null;
  readonly steps: readonly StepRecord[];
  readonly waivers: readonly Waiver[];
  /** Steps whose delivery was given up; they block nothing. */
  readonly deadLetters: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What a saga's workflow completes with. */
export interface SagaOutcome {
  readonly state: Verdict;
  readonly reason: string | null;
  readonly data: Readonly<Record<string, unknown>>;
  readonly waivers: readonly Waiver[];
  readonly deadLetters: readonly string[];
}
