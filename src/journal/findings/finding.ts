/** A finding of the reconciler: a saga that was left behind. */

/** What a saga that was left behind holds, as it is stored: live effects, money in minor units, and stock. */
export interface FindingHolds {
  readonly effects: readonly { readonly step: string; readonly effect: string; readonly id: string }[];
  readonly money: { readonly amount: number; readonly currency: string } | null;
  readonly stock: readonly { readonly productId: string; readonly quantity: number }[];
}

/** A saga that was left behind. Times are ISO 8601. */
export interface Finding {
  readonly sagaId: string;
  /** Null, as `state` is, if the journal knows no such saga. */
  readonly sagaType: string | null;
  readonly state: string | null;
  readonly cause: string;
  /** When its run ended, or when it was found. */
  readonly since: string;
  readonly foundAt: string;
  /** When it was last looked at. */
  readonly seenAt: string;
  readonly holds: FindingHolds;
}

/** Reads the findings. Each method throws `JournalUnavailableError` while the journal's database is away. */
export interface Findings {
  /** Those that are open, the longest known first. @throws InvalidCursorError */
  list(page: {
    readonly cursor?: string | undefined;
    readonly limit: number;
  }): Promise<{ readonly items: readonly Finding[]; readonly next: string | null }>;
  /** Runs `act` while no other caller of any process does it for this saga. Others wait. */
  alone<T>(sagaId: string, act: () => Promise<T>): Promise<T>;
}
