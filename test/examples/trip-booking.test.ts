/** The example saga as its reader would run it: the library by its public name, real time-outs, skipped time. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { WorkflowUpdateFailedError, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { Trip } from '../../examples/trip-booking/messages.js';
import {
  createParticipants,
  type Participants,
  type TripActivities,
} from '../../examples/trip-booking/participants.js';
import type { bookTrip } from '../../examples/trip-booking/trip.js';
import { cancelSaga, getSagaJournal, getSagaState } from '../../src/saga/messages.js';
import { eventually } from '../support/eventually.js';
import { createTimeSkipping, type TestEnv } from '../support/temporal.js';

let code: string;
beforeAll(async () => {
  const workflowsPath = path.join(import.meta.dirname, '..', '..', 'examples', 'trip-booking', 'trip.ts');
  ({ code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') }));
});

/** A promise and what resolves it. (`Promise.withResolvers` comes with Node 22.) */
function gate(): { promise: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
}

interface Stage extends Participants {
  readonly env: TestEnv;
  start(asked?: Partial<Trip>): Promise<Travelling>;
}

type Travelling = WorkflowHandleWithFirstExecutionRunId<typeof bookTrip>;

/** A server and a worker for the tests of one `describe`, with time as on the clock. */
function theatre(holding: (activities: TripActivities) => Partial<TripActivities> = () => ({})): () => Stage {
  const participants = createParticipants();
  const taskQueue = `trips-${randomUUID()}`;
  const over = gate();
  let env: TestEnv;
  let running: Promise<void>;
  beforeAll(async () => {
    env = await createTimeSkipping();
    const activities = { ...participants.activities, ...holding(participants.activities) };
    running = env.withWorker({ taskQueue, workflowBundle: { code }, activities }, () => over.promise);
  });
  afterAll(async () => {
    over.open();
    await running;
    await env.close();
  });
  const start = (asked: Partial<Trip> = {}): Promise<Travelling> => {
    const tripId = `trip-${randomUUID()}`;
    const trip: Trip = { tripId, hotel: 'Ritz', flight: 'LH 100', paymentToken: 'card-1', traveller: 't-1', ...asked };
    return env.client.workflow.start<typeof bookTrip>('bookTrip', { workflowId: tripId, taskQueue, args: [trip] });
  };
  return () => ({ ...participants, env, start });
}

/** What each participant's ledger says of a trip. */
const booksOf = ({ ledgers }: Participants, { workflowId }: Travelling): Record<string, string> =>
  Object.fromEntries(Object.entries(ledgers).map(([name, ledger]) => [name, ledger.statusOf(workflowId)]));

/** The undone steps, in the order in which it was journalled. */
const undoneIn = async (trip: Travelling): Promise<string[]> =>
  (await trip.query(getSagaJournal)).flatMap(({ event }) =>
    event.type === 'SagaCompensationCompleted' ? [event.step] : [],
  );

describe('a booked trip', () => {
  const stage = theatre();
  beforeAll(() => stage().env.unlock());

  it('completes with both bookings, the tickets and the itinerary', async () => {
    const trip = await stage().start();
    expect(await trip.result()).toMatchObject({ state: 'COMPLETED', reason: null, deadLetters: [] });
    const everything = { hotel: 'applied', flight: 'applied', tickets: 'applied', itinerary: 'applied' };
    expect(booksOf(stage(), trip)).toEqual(everything);
    const { steps } = await trip.query(getSagaState);
    expect(steps.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed', 'completed']);
  });

  it('gives the hotel back when the flight is refused, and not the flight (rules 3 and 8)', async () => {
    const trip = await stage().start({ flight: 'sold-out' });
    expect(await trip.result()).toMatchObject({ state: 'FAILED', reason: 'NoSeat' });
    const books = { hotel: 'undone', flight: 'refused', tickets: 'none', itinerary: 'none' };
    expect(booksOf(stage(), trip)).toEqual(books);
    expect(await undoneIn(trip)).toEqual(['book_hotel']);
  });

  it('cancels by its id a hotel whose answers were all lost (rules 1, 2 and 9)', async () => {
    const trip = await stage().start({ hotel: 'loses-answers' });
    expect(await trip.result()).toMatchObject({ state: 'FAILED', reason: 'StepTimedOut' });
    expect(booksOf(stage(), trip)).toMatchObject({ hotel: 'undone', flight: 'undone', tickets: 'none' });
  });

  it('undoes both bookings in reverse when the tickets are refused (rules 3 and 14)', async () => {
    const trip = await stage().start({ paymentToken: 'declined-card' });
    expect(await trip.result()).toMatchObject({ state: 'FAILED', reason: 'PaymentDeclined' });
    const books = { hotel: 'undone', flight: 'undone', tickets: 'refused', itinerary: 'none' };
    expect(booksOf(stage(), trip)).toEqual(books);
    expect(await undoneIn(trip)).toEqual(['book_flight', 'book_hotel']);
  });

  it.each([['unreachable'], ['unknown-traveller']])(
    'is completed although the itinerary cannot be delivered, and says so: %s (rules 8 and 29)',
    async (traveller) => {
      const trip = await stage().start({ traveller });
      expect(await trip.result()).toMatchObject({ state: 'COMPLETED', deadLetters: ['send_itinerary'] });
      expect(booksOf(stage(), trip)).toMatchObject({ hotel: 'applied', flight: 'applied', tickets: 'applied' });
    },
  );
});

// This server loses Updates once its time has been skipped far: they have one of their own.
describe('a cancel of a trip', () => {
  const hotelArrived = gate();
  const hotelAnswers = gate();
  const ticketsArrived = gate();
  const ticketsAnswer = gate();
  const stage = theatre(({ bookHotel, issueTickets }) => ({
    bookHotel: async (trip) => {
      if (trip.hotel === 'slow') {
        hotelArrived.open();
        await hotelAnswers.promise;
      }
      return bookHotel(trip);
    },
    issueTickets: async (trip) => {
      ticketsArrived.open();
      await ticketsAnswer.promise;
      return issueTickets(trip);
    },
  }));

  const request = () => ({
    actor: 'traveller',
    reason: 'ill',
    validUntil: new Date(Date.now() + 60_000).toISOString(),
  });

  it('while it is being booked gives both bookings back, the one in flight included (rules 24 and 25)', async () => {
    const trip = await stage().start({ hotel: 'slow' });
    await hotelArrived.promise;
    // The flight beside it is booked: this server breaks a run whose activity ends while its cancel is under way.
    await eventually('the flight to be booked', 20_000, async () => {
      const { steps } = await trip.query(getSagaState);
      return steps.some(({ name, status }) => name === 'book_flight' && status === 'completed');
    });
    const decision = await trip.executeUpdate(cancelSaga, { args: [request()] });
    expect(decision).toMatchObject({ accepted: true, state: 'COMPENSATING' });
    hotelAnswers.open();
    expect(await trip.result()).toMatchObject({ state: 'CANCELLED', reason: 'CancelRequested' });
    const books = booksOf(stage(), trip);
    expect(books).toMatchObject({ tickets: 'none', itinerary: 'none' });
    expect(books['flight']).toBe('undone');
    // Whichever came first, the cancel or the booking: if it was booked it is undone, and if not it is fenced.
    expect(['undone', 'fenced']).toContain(books['hotel']);
  });

  it('is refused once the tickets are being issued, and the trip completes (rules 14 and 24)', async () => {
    const trip = await stage().start();
    await ticketsArrived.promise;
    const refused = trip.executeUpdate(cancelSaga, { args: [request()] });
    await expect(refused).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
    await expect(refused).rejects.toMatchObject({ cause: { type: 'AlreadyFulfilled' } });
    ticketsAnswer.open();
    expect(await trip.result()).toMatchObject({ state: 'COMPLETED' });
  });
});
