/**
 * Trip booking: a hotel and a flight are booked side by side, then the tickets are issued, or all is undone.
 *
 *    book_hotel  ──┬──► [approval] ──► issue_tickets ──► send_itinerary ──► COMPLETED
 *    book_flight ──┘         │               │
 *         │                  │ rejected      │ refused
 *    cancelFlight, cancelHotel ◄── refused, timed out, cancelled ──► FAILED | CANCELLED
 *
 * Issued tickets cannot be given back: from there on the trip only goes forward.
 */
import { proxyActivities } from '@temporalio/workflow';
import { compensatable, defineSaga, pivot, retriable } from 'unwind/saga';
import type { Trip } from './messages.js';
import type { TripActivities } from './participants.js';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** Each call has its own time-outs below; this one is only what Temporal asks for. */
const call = proxyActivities<TripActivities>({ startToCloseTimeout: '10s' });

const booking = { attempt: 10 * SECOND, total: 300 * SECOND };
const undoing = { attempt: 10 * SECOND, total: 24 * HOUR };
const mailing = { attempt: 10 * SECOND, total: 24 * HOUR };

const bookHotel = compensatable(
  'book_hotel',
  { activity: call.bookHotel, budget: booking, refusals: ['NoRoom', 'AlreadyCancelled'] },
  { activity: call.cancelHotel, budget: undoing, refusals: ['GuestHasArrived'] },
);

const bookFlight = compensatable(
  'book_flight',
  { activity: call.bookFlight, budget: booking, refusals: ['NoSeat', 'AlreadyCancelled'] },
  { activity: call.cancelFlight, budget: undoing, refusals: [] },
);

const issueTickets = pivot('issue_tickets', {
  activity: call.issueTickets,
  budget: booking,
  refusals: ['PaymentDeclined'],
});

const sendItinerary = retriable(
  'send_itinerary',
  { activity: call.sendItinerary, budget: mailing, refusals: ['RecipientRejected'] },
  { onExhausted: 'deadLetter' },
);

/** Books one trip. A refusal is an outcome: the workflow completes, and says FAILED and why. */
export const bookTrip = defineSaga(
  {
    type: 'TripBooking',
    id: ({ tripId }: Trip) => tripId,
    data: ({ hotel, flight }) => ({ hotel, flight }),
    deadline: HOUR,
    steps: { bookHotel, bookFlight, issueTickets, sendItinerary },
    storeJournal: ({ journaled }) => (journaled ? call.storeJournal : undefined),
  },
  async (saga, steps, trip) => {
    await Promise.all([saga.run(steps.bookHotel, trip), saga.run(steps.bookFlight, trip)]);
    if (trip.needsApproval) await saga.awaitApproval('trip', HOUR);
    await saga.run(steps.issueTickets, trip);
    await saga.last(steps.sendItinerary, trip);
  },
);
