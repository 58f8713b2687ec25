/**
 * The oracle's input: the services' live effects, the catalogue's stock, and the state of each saga by its own
 * account.
 */
import type { Money, OrderItem } from '../order.js';

interface EffectBase {
  /** The id that the saga chose: the saga id, with `-confirmation` or `-cancellation` after it for a notice. */
  readonly id: string;
}

export interface Reservation extends EffectBase {
  readonly kind: 'reservation';
  readonly items: readonly OrderItem[];
  readonly total: Money;
}

export interface Payment extends EffectBase {
  readonly kind: 'payment';
  readonly currency: string;
  /** Minor units. */
  readonly captured: number;
  readonly refunded: number;
}

export interface Shipment extends EffectBase {
  readonly kind: 'shipment';
}

export interface Notice extends EffectBase {
  readonly kind: 'confirmation' | 'cancellation';
}

/** One live effect: stock held, money taken, a parcel booked, a mail sent. */
export type Effect = Reservation | Payment | Shipment | Notice;

export type EffectKind = Effect['kind'];

export interface ProductStock {
  readonly productId: string;
  readonly available: number;
  readonly reserved: number;
}

export interface Stock {
  readonly reservations: readonly Reservation[];
  readonly products: readonly ProductStock[];
  /**
   * Reservations that came or went while the products were being read; each may be in `reserved` or not. Empty on a
   * system at rest: held and reserved are then equal to the unit.
   */
  readonly passing: readonly Reservation[];
}

/** A waiver as a verdict lists it: the compensation of this step was left out, by a named operator. */
export interface WaivedStep {
  readonly step: string;
  readonly actor: string;
  readonly reason: string;
}

/**
 * The state of a saga by its own account. `ABANDONED` is not a state of a saga: the run ended without a verdict
 * (failed, timed out or terminated), so no worker will undo or finish its effects (rule 27).
 */
export interface Verdict {
  readonly sagaId: string;
  readonly state: 'STARTED' | 'PENDING' | 'COMPENSATING' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'ABANDONED';
  readonly waivers: readonly WaivedStep[];
  /** Retriable steps that became dead letters. */
  readonly deadLetters: readonly string[];
  /** The order's total as the saga knows it; if absent, the reservation's total is used. */
  readonly total?: Money;
}

/** A saga of another type than an order's. Its effects are its own, and are compared with nothing. */
export interface OtherSaga {
  readonly sagaId: string;
  readonly otherType: string;
}

export type KnownSaga = Verdict | OtherSaga;

export const isOther = (saga: KnownSaga): saga is OtherSaga => 'otherType' in saga;

/**
 * The saga that an effect belongs to, by the effect's id alone, because other fields at the participant may be wrong.
 */
export const ownerOf = (effect: Effect): string =>
  effect.kind === 'confirmation' || effect.kind === 'cancellation'
    ? effect.id.replace(/-(confirmation|cancellation)$/, '')
    : effect.id;
