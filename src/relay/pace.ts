import type { Budget } from './blocks.js';

/** How fast a relay works, and how long it waits. Times are milliseconds. */
export interface RelayPace {
  /** Events in one delivery. */
  readonly batch: number;
  /** Between looks into an empty outbox. */
  readonly poll: number;
  /** From one renewal of the lease to its end; another relay takes over then. */
  readonly lease: number;
  /** That a sink has for one answer; then it counts as away. */
  readonly answerWithin: number;
  /** After which a sink that is away is tried again; twice as long each time, up to the second one. */
  readonly awayPause: number;
  readonly longestAwayPause: number;
  /** Between questions to an idle sink how far it got. */
  readonly checkEvery: number;
  /** After so many failed deliveries in a row the same batch is delivered saga by saga. */
  readonly isolateAfter: number;
  /** After which a transaction that holds up the outbox is reported. */
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
