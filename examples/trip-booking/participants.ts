/** A hotel, an airline and a mail service in memory, and the activities that call them. */
import { ApplicationFailure } from '@temporalio/common';
import { createLedger, refusal, type Ledger } from './ledger.js';
import type { Trip } from './messages.js';

type Named = 'hotel' | 'flight' | 'tickets' | 'itinerary';

export interface Participants {
  readonly activities: ReturnType<typeof activitiesOf>;
  readonly ledgers: Readonly<Record<Named, Ledger<unknown>>>;
}

export type TripActivities = Participants['activities'];

export function createParticipants(): Participants {
  const ledgers = {
    hotel: createLedger<unknown>(),
    flight: createLedger<unknown>(),
    tickets: createLedger<unknown>(),
    itinerary: createLedger<unknown>(),
  };
  return { ledgers, activities: activitiesOf(ledgers) };
}

/** Faults are in the data, so that anybody can reproduce one: a hotel called `fully-booked` refuses, and so on. */
const REFUSES: Readonly<Record<string, string>> = {
  'fully-booked': 'NoRoom',
  'sold-out': 'NoSeat',
  'declined-card': 'PaymentDeclined',
  'unknown-traveller': 'RecipientRejected',
};

const judge = (asked: unknown): string | undefined => REFUSES[String(asked)];

/** It may pass: the saga tries again, not before `nextRetryDelay` where the participant asked for a pause. */
const away = (message: string, nextRetryDelay: '1 hour'): ApplicationFailure =>
  ApplicationFailure.create({ message, nextRetryDelay });

/** Every effect bears the trip's id, so that it can be found, repeated and undone by whoever knows the input. */
function activitiesOf({ hotel, flight, tickets, itinerary }: Participants['ledgers']) {
  return {
    bookHotel: async (trip: Trip): Promise<void> => {
      hotel.apply(trip.tripId, trip.hotel, judge);
      if (trip.hotel === 'loses-answers') throw new Error('the room is booked, and the answer got lost');
    },
    cancelHotel: async (trip: Trip) => {
      if (trip.hotel === 'guest-has-arrived') throw refusal('GuestHasArrived');
      return hotel.undo(trip.tripId);
    },
    bookFlight: async (trip: Trip): Promise<void> => flight.apply(trip.tripId, trip.flight, judge),
    cancelFlight: async (trip: Trip) => flight.undo(trip.tripId),
    issueTickets: async (trip: Trip): Promise<void> => {
      tickets.apply(trip.tripId, trip.paymentToken, judge);
      if (trip.paymentToken === 'loses-answers') throw new Error('the tickets are issued, and the answer got lost');
    },
    /** Does nothing by itself: an interceptor of the worker stores what its header carries. */
    storeJournal: async (): Promise<void> => undefined,
    sendItinerary: async (trip: Trip): Promise<void> => {
      if (trip.traveller === 'unreachable') throw away('the mail server is away', '1 hour');
      itinerary.apply(trip.tripId, trip.traveller, judge);
    },
  };
}
