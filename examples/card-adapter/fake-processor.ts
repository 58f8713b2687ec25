/**
 * A card processor in memory, for tests and for `start.ts`: charges and refunds with idempotency keys. The card `declined`
 * is refused. `POST /test/next` arms one fault for the next charge or refund: `decline`, `lose-answer` (done, and the
 * connection breaks) or `unavailable`. `GET /v1/books?reference=` shows its books; the adapter never asks it.
 */
import express, { type Express, type Request, type Response } from 'express';

interface Booked {
  readonly id: string;
  readonly reference: string;
  readonly amount: number;
  refunds: number;
}

interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Remembered {
  readonly content: string;
  readonly reply: Reply;
}

export function createFakeProcessor(): Express {
  const charges: Booked[] = [];
  const keys = new Map<string, Remembered>();
  let fault: string | undefined;

  /** The same key gets the same answer, refusals included; with other content it is an error. */
  function once(request: Request, response: Response, act: () => Reply): void {
    const armed = fault;
    fault = undefined;
    const key = `${request.path} ${request.get('idempotency-key')}`;
    const content = JSON.stringify(request.body);
    const known = keys.get(key);
    if (armed === 'unavailable') return void response.status(503).json({ code: 'try_again' });
    if (known && known.content !== content) return void response.status(400).json({ code: 'key_reused' });
    const reply = known?.reply ?? (armed === 'decline' ? { status: 402, body: { code: 'refused_by_bank' } } : act());
    keys.set(key, { content, reply });
    if (armed === 'lose-answer') response.destroy();
    else response.status(reply.status).json(reply.body);
  }

  const app = express();
  app.use(express.json());
  app.post('/v1/charges', (request, response) =>
    once(request, response, () => {
      const { reference, amount, source } = request.body as { reference: string; amount: number; source: string };
      if (source === 'declined') return { status: 402, body: { code: 'card_declined' } };
      const charge = { id: `ch_${charges.length + 1}`, reference, amount, refunds: 0 };
      charges.push(charge);
      return { status: 200, body: { id: charge.id } };
    }),
  );
  app.post('/v1/refunds', (request, response) =>
    once(request, response, () => {
      const charge = charges.find(({ id }) => id === (request.body as { charge: string }).charge);
      if (!charge) return { status: 400, body: { code: 'no_such_charge' } };
      charge.refunds += 1;
      return { status: 200, body: { id: `re_${charge.id}_${charge.refunds}` } };
    }),
  );
  app.get('/v1/books', ({ query }, response) => {
    response.json(charges.filter(({ reference }) => reference === query['reference']));
  });
  app.post('/test/next', (request, response) => {
    fault = (request.body as { fault?: string }).fault;
    response.json({ armed: fault });
  });
  return app;
}
