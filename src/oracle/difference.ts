export type DifferenceKind =
  /** An effect that no known saga owns, or one whose saga ended without a verdict. */
  | 'orphan'
  /** A saga whose run ended without a verdict: no worker finishes or undoes it. */
  | 'abandoned'
  /** An effect that lives although its saga says that it was undone. */
  | 'leftover'
  /** A COMPLETED order without one of its three effects. */
  | 'missing-effect'
  /** A notice that contradicts the verdict. */
  | 'wrong-notice'
  | 'missing-notice'
  /** A product's `reserved` differs from its live reservations. */
  | 'stock'
  /** A COMPLETED order that was charged another amount than its total. */
  | 'amount'
  /** All money together, by currency. */
  | 'money';

export interface Difference {
  readonly kind: DifferenceKind;
  /** `null` if the difference belongs to no single saga: stock and the sum of all money. */
  readonly sagaId: string | null;
  /** The effect's kind, the product's id or the currency. */
  readonly effect: string;
  /** For the operator. */
  readonly sentence: string;
}
