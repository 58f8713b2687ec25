/** Runs a worker, books one trip, prints what became of it and what the participants' books say, and ends. */
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { TASK_QUEUE, type Trip } from './messages.js';
import { createParticipants } from './participants.js';
import type { bookTrip } from './trip.js';

const tripId = `trip-${Date.now()}`;
const asked = JSON.parse(process.argv[2] ?? '{}') as Partial<Trip>;
const trip: Trip = { tripId, hotel: 'Ritz', flight: 'LH 100', paymentToken: 'card-1', traveller: 't-1', ...asked };

const { activities, ledgers } = createParticipants();
const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '127.0.0.1:7233' });
const workflowsPath = fileURLToPath(import.meta.resolve('./trip.js'));
const worker = await Worker.create({ connection, taskQueue: TASK_QUEUE, workflowsPath, activities });

const outcome = await worker.runUntil(() =>
  new Client({ connection }).workflow.execute<typeof bookTrip>('bookTrip', {
    workflowId: trip.tripId,
    taskQueue: TASK_QUEUE,
    args: [trip],
  }),
);
await connection.close();

const books = Object.entries(ledgers).map(([name, ledger]) => [name, ledger.statusOf(trip.tripId)]);
process.stdout.write(`${JSON.stringify({ ...outcome, books: Object.fromEntries(books) }, null, 2)}\n`);
