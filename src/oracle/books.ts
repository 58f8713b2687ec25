/** What the oracle compares: the services' live effects, the catalogue's stock, and what each saga says of itself. */
import type { Money, OrderItem } from '../order.js';

interface EffectBase {
  /** The id that the saga chose: the saga id; for a notice with `-confirmation` or `-cancellation` behind it. */
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
   * system at rest, where held and reserved must be equal to the unit.
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
 * What a saga says of itself. `ABANDONED` is not a state of a saga: its run ended without a verdict (failed, timed out
 * or terminated), so nobody will undo or finish what it did (rule 27).
 */
export interface SagaVerdict {
  readonly sagaId: string;
  readonly state: 'STARTED' | 'PENDING' | 'COMPENSATING' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'ABANDONED';
  readonly waivers: readonly WaivedStep[];
  /** Steps whose delivery was given up. */
  readonly deadLetters: readonly string[];
  /** The order's total as the saga knows it; where it is left out, the reservation's total stands for it. */
  readonly total?: Money;
}

/** A saga of another type than an order's. What it has done at the services is its own, and is compared with nothing. */
export interface OtherSaga {
  readonly sagaId: string;
  readonly otherType: string;
}

export type KnownSaga = SagaVerdict | OtherSaga;

export const isOther = (saga: KnownSaga): saga is OtherSaga => 'otherType' in saga;

/** The saga that an effect belongs to, by the effect's id alone: what the participant stored beside it may be wrong. */
export const ownerOf = (effect: Effect): string =>
  effect.kind === 'confirmation' || effect.kind === 'cancellation'
    ? effect.id.replace(/-(confirmation|cancellation)$/, '')
    : effect.id;
