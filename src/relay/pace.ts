import type { Budget } from './blocks.js';

/** The speed of a relay, and its waits. Times are milliseconds. */
export interface RelayPace {
  /** Events in one delivery. */
  readonly batch: number;
  /** Between looks into an empty outbox. */
  readonly poll: number;
  /** From one renewal of the lease to its end; after that another relay takes over. */
  readonly lease: number;
  /** The time for one answer of a sink; after that it counts as away. */
  readonly answerWithin: number;
  /** The pause before a sink that is away is tried again; it doubles each time, up to the second value. */
  readonly awayPause: number;
  readonly longestAwayPause: number;
  /** The pause between questions to an idle sink about its cursor. */
  readonly checkEvery: number;
  /** After so many failed deliveries in a row the same batch is delivered saga by saga. */
  readonly isolateAfter: number;
  /** The time after which a transaction that holds up the outbox is reported. */
  readonly heldFor: number;
  readonly budget: Budget;
}

export const PACE: RelayPace = {
  batch: 200,
  poll: 200,
  lease: 6_000,
  answerWithin: 60_000,
  awayPause: 500,
  longestAwayPause: 10_000,
  checkEvery: 5_000,
  isolateAfter: 3,
  heldFor: 30_000,
  budget: { attempts: 6, pause: 1_000, longestPause: 60_000 },
};
