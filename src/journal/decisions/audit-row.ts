/** The audit: every decision and every denial, with who, what, why, when and the outcome (rule 49). */

/** `saga`: the saga has recorded the decision, and no door has; it came by Temporal's own tools, for example. */
export const AUDIT_DOORS = ['api', 'kafka', 'cli', 'saga'] as const;

/** `machine`: an API key or a key for commands. `unknown`: authentication is off, or the saga alone tells the name. */
export const ACTOR_KINDS = ['person', 'machine', 'customer', 'unknown'] as const;

/**
 * `denied`: not allowed (401, 403). `refused`: allowed, and it does not apply (404, 409, 412, 422). `undecided`: nothing is
 * known yet (503). `failed`: an error. `unknown`: not answered, because it is under way or its process has died.
 */
export const AUDIT_OUTCOMES = ['accepted', 'refused', 'denied', 'undecided', 'failed', 'unknown'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** Who asks for a decision, and by which door. */
export interface AuditCaller {
  readonly door: (typeof AUDIT_DOORS)[number];
  /** `customer` for a customer: the audit names none. */
  readonly actor: string;
  readonly kind: (typeof ACTOR_KINDS)[number];
  readonly roles: readonly string[];
  readonly correlationId?: string | undefined;
}

/** What is asked, and of what. */
export interface AuditRequest {
  readonly action: string;
  readonly sagaId?: string | undefined;
  readonly step?: string | undefined;
  /** Of a decision on something else than a saga. */
  readonly subject?: string | undefined;
  readonly reason?: string | undefined;
  readonly requestId?: string | undefined;
}

/** The outcome of a decision, and the code of its refusal or denial. */
export interface DecisionOutcome {
  readonly outcome: AuditOutcome;
  readonly code?: string | undefined;
}

/** One decision or denial, as lists show it; `at` is when it was answered. */
export interface AuditRow extends Pick<AuditCaller, 'door' | 'actor' | 'kind' | 'roles'> {
  /** The same for the decision's two rows in the table. */
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly sagaId: string | null;
  readonly step: string | null;
  readonly subject: string | null;
  readonly reason: string | null;
  readonly requestId: string | null;
  readonly correlationId: string | null;
  readonly outcome: AuditOutcome;
  readonly code: string | null;
}

/** Each given field narrows the list; `from` is included, `to` is not. */
export interface AuditFilter {
  readonly sagaId?: string | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly outcome?: AuditOutcome | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** A row to be written. */
export interface AuditNote extends AuditCaller, AuditRequest, DecisionOutcome {
  readonly id: string;
  readonly phase: 'asked' | 'answered';
}

/** Both methods throw `JournalUnavailableError` while the journal's database is away. */
export interface Audit {
  /** Writes a row; a second answer to the same decision changes nothing. */
  note(note: AuditNote): Promise<void>;
  /** Newest first. @throws InvalidCursorError */
  list(
    filter: AuditFilter,
    page: { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly items: readonly AuditRow[]; readonly next: string | null }>;
}
