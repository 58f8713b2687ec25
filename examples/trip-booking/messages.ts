/** What a trip is started with, and on which queue. It is watched and steered by the messages of the library. */
export const TASK_QUEUE = 'trip-booking';

/** Ids and a payment token: what a traveller is called stays out of the workflow. */
export interface Trip {
  /** The saga's id and, at each participant, the id of its effect. */
  readonly tripId: string;
  readonly hotel: string;
  readonly flight: string;
  readonly paymentToken: string;
  readonly traveller: string;
  /** Somebody has to approve it within the hour, before the tickets are issued. */
  readonly needsApproval?: boolean;
  /** The worker stores the journal: see docs/saga.md. */
  readonly journaled?: boolean;
}
