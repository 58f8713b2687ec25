/** Trips beside the orders of an API: a saga type that the product does not know, with a worker and a queue of its own. */
import path from 'node:path';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { TASK_QUEUE, type Trip } from '../../examples/trip-booking/messages.js';
import { createParticipants, type TripActivities } from '../../examples/trip-booking/participants.js';
import type { bookTrip } from '../../examples/trip-booking/trip.js';
import { correlationInterceptor } from '../../src/activities/interceptors/origin.js';
import { journalInterceptor } from '../../src/activities/interceptors/store-journal.js';
import { openJournal, type JournalPoolOptions } from '../../src/journal/write/journal.js';
import { askCurrentRun } from '../../src/journal/audit/current-run.js';
import { SAGA_TYPE_MEMO, SagaStateAttribute } from '../../src/workflows/messages.js';
import type { TestEnv, TestWorker } from '../support/temporal.js';

const root = path.join(import.meta.dirname, '..', '..');
const example = (name: string): string => path.join(root, 'examples', 'trip-booking', name);

export interface Trips {
  /** Booked, and on its way; `asked` says what is out of the ordinary. */
  start(tripId: string, asked?: Partial<Trip>): Promise<WorkflowHandleWithFirstExecutionRunId<typeof bookTrip>>;
  /** Flights called `slow` wait until it is called. */
  readonly letFlightsGo: () => void;
  startWorker(): Promise<void>;
  stop(): Promise<void>;
}

/** Their journal is kept by the product's own interceptors; `journal` is where the API reads it. */
export async function openTrips(temporal: TestEnv, journalOptions: JournalPoolOptions): Promise<Trips> {
  const journal = openJournal({ ...journalOptions, askRun: askCurrentRun(temporal.client) });
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: example('trip.ts'),
    workflowInterceptorModules: [
      path.join(root, 'src', 'workflows', 'interceptors', 'origin.ts'),
      example('interceptors.ts'),
    ],
    logger: new DefaultLogger('WARN'),
  });
  const { activities } = createParticipants();
  let letFlightsGo = (): void => undefined;
  const flightsGo = new Promise<void>((resolve) => (letFlightsGo = resolve));
  const bookFlight: TripActivities['bookFlight'] = async (trip) => {
    if (trip.flight === 'slow') await flightsGo;
    return activities.bookFlight(trip);
  };
  let worker: TestWorker | undefined;
  return {
    letFlightsGo,
    async start(tripId, asked = {}) {
      const named = { tripId, hotel: 'Ritz', flight: 'LH 100', paymentToken: 'card-1', traveller: 't-1' };
      return temporal.client.workflow.start<typeof bookTrip>('bookTrip', {
        workflowId: tripId,
        taskQueue: TASK_QUEUE,
        args: [{ ...named, journaled: true, ...asked }],
        typedSearchAttributes: [{ key: SagaStateAttribute, value: 'STARTED' }],
        memo: { [SAGA_TYPE_MEMO]: 'TripBooking', correlationId: `request-of-${tripId}` },
      });
    },
    async startWorker() {
      worker = await temporal.startWorker({
        taskQueue: TASK_QUEUE,
        workflowBundle,
        activities: { ...activities, bookFlight },
        interceptors: { activity: [correlationInterceptor, journalInterceptor(journal)] },
      });
    },
    async stop() {
      await worker?.stop();
      await journal.close();
    },
  };
}
