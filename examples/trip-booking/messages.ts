/** The names on the wire between whoever starts, watches and steers a trip, and its workflow. */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Decision, JournalEntry, ResolveRequest, SagaRecord, SteeringRequest } from 'unwind/saga';

export const TASK_QUEUE = 'trip-booking';

/** Ids and a payment token: what a traveller is called stays out of the workflow. */
export interface Trip {
  /** The saga's id and, at each participant, the id of its effect. */
  readonly tripId: string;
  readonly hotel: string;
  readonly flight: string;
  readonly paymentToken: string;
  readonly traveller: string;
}

export const getTrip = defineQuery<SagaRecord>('getTrip');
export const getTripJournal = defineQuery<readonly JournalEntry[]>('getTripJournal');
export const cancelTrip = defineUpdate<Decision, [SteeringRequest]>('cancelTrip');
export const resolveStep = defineUpdate<Decision, [ResolveRequest]>('resolveStep');
