/** The example saga, failing at each step in turn, by the kit that its readers have. */
import path from 'node:path';
import { createParticipant, failAtEachStep } from 'unwind/saga/testing';
import type { Trip } from '../../examples/trip-booking/messages.js';
import { createTimeSkipping, type TestEnv } from '../support/temporal.js';

let env: TestEnv;
beforeAll(async () => {
  env = await createTimeSkipping();
});
afterAll(() => env.close());

it('a trip is booked, or nothing of it is left, whichever step fails in whichever way (rules 1, 8, 9, 14 and 34)', async () => {
  const participant = createParticipant();
  const trials = await failAtEachStep({
    env: env.environment,
    workflowType: 'bookTrip',
    workflowsPath: path.join(import.meta.dirname, '..', '..', 'examples', 'trip-booking', 'trip.ts'),
    input: (tripId): Trip => ({ tripId, hotel: 'Ritz', flight: 'LH 100', paymentToken: 'card-1', traveller: 't-1' }),
    participant,
    activities: {
      bookHotel: participant.action('book_hotel', { refusal: 'NoRoom' }),
      cancelHotel: participant.compensation('book_hotel'),
      bookFlight: participant.action('book_flight', { refusal: 'NoSeat' }),
      cancelFlight: participant.compensation('book_flight'),
      issueTickets: participant.action('issue_tickets', { refusal: 'PaymentDeclined' }),
      sendItinerary: participant.action('send_itinerary', { refusal: 'RecipientRejected' }),
    },
  });
  expect(trials.map(({ step, fault, state, blockedOn }) => [step, fault, state, blockedOn])).toEqual([
    [undefined, undefined, 'COMPLETED', null],
    ['book_hotel', 'refused', 'FAILED', null],
    ['book_hotel', 'neverAnswered', 'FAILED', null],
    ['book_hotel', 'answerLost', 'FAILED', null],
    ['book_hotel', 'answerLostOnce', 'COMPLETED', null],
    ['book_flight', 'refused', 'FAILED', null],
    ['book_flight', 'neverAnswered', 'FAILED', null],
    ['book_flight', 'answerLost', 'FAILED', null],
    ['book_flight', 'answerLostOnce', 'COMPLETED', null],
    ['issue_tickets', 'refused', 'FAILED', null],
    ['issue_tickets', 'neverAnswered', 'PENDING', 'issue_tickets'],
    ['issue_tickets', 'answerLost', 'PENDING', 'issue_tickets'],
    ['issue_tickets', 'answerLostOnce', 'COMPLETED', null],
    ['send_itinerary', 'refused', 'COMPLETED', null],
    ['send_itinerary', 'neverAnswered', 'COMPLETED', null],
    ['send_itinerary', 'answerLost', 'COMPLETED', null],
    ['send_itinerary', 'answerLostOnce', 'COMPLETED', null],
  ]);
}, 120_000);
