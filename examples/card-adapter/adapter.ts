/** The participant over HTTP: `/api/card-payments/{id}`. */
import express, { type ErrorRequestHandler, type Express, type Response } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import { createTable, listStanding } from './ledger.js';
import { createPayments, OutcomeUnknownError, problem, shown, type Answer } from './payments.js';
import { ProcessorUnavailableError, type Processor } from './processor.js';

const PAGE = 100;

/** What makes two requests the same: these fields, and not the bytes. */
const request = z.strictObject({
  orderId: z.string().min(1).max(100),
  amount: z.int().min(1),
  currency: z.string().regex(/^[A-Z]{3}$/),
  source: z.string().min(1).max(200),
});

/** Creates its table if there is none. It needs a session of PostgreSQL for each call that is under way. */
export async function createAdapter(pool: Pool, processor: Processor): Promise<Express> {
  await createTable(pool);
  const payments = createPayments(pool, processor);
  const app = express();
  app.use(express.json());
  app
    .route('/api/card-payments/:id')
    .put(async ({ params, body }, response) => {
      const asked = request.safeParse(body);
      answer(response, asked.success ? await payments.put(params.id, asked.data) : unreadable());
    })
    .delete(async ({ params }, response) => answer(response, await payments.undo(params.id)))
    .get(async ({ params }, response) => answer(response, await payments.probe(params.id)));
  app.get('/api/card-payments', async ({ query }, response) => {
    const [orderId, cursor] = [query['orderId'], query['cursor']].map((text) =>
      typeof text === 'string' ? text : undefined,
    );
    const rows = await listStanding(pool, orderId, cursor ?? '', PAGE);
    const nextCursor = rows.length < PAGE ? null : rows.at(-1)?.id;
    answer(response, { status: 200, body: { items: rows.map((row) => shown(row).body), nextCursor } });
  });
  app.use(answerError);
  return app;
}

function answer(response: Response, { status, body }: Answer): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.status(status).type(type).send(JSON.stringify(body));
}

const unreadable = (): Answer => problem(400, 'ValidationFailed', 'The body is not a charge.');

/** What is not known is 503: "repeat it". A refusal is never thrown. */
const answerError: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  if (error instanceof SyntaxError) return answer(response, unreadable());
  const isKnown = error instanceof ProcessorUnavailableError || error instanceof OutcomeUnknownError;
  response.set('retry-after', '1');
  return answer(response, problem(503, 'ServiceUnavailable', isKnown ? error.message : 'A fault of the adapter.'));
};
