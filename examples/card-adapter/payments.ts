/**
 * Turns charge and refund with idempotency keys into a participant of a saga:
 *
 * | the row says    | action                                        | compensation                                            |
 * |-----------------|-----------------------------------------------|---------------------------------------------------------|
 * | nothing         | → charging; charge: applied or refused        | → fenced; the processor is not asked                    |
 * | charging        | charge again, with the same key               | charge again, with the same key; then as it turned out  |
 * | applied         | the stored answer                             | → refunding; refund: undone, or refused: applied again  |
 * | refunding       | 410                                           | refund again, with the same key                         |
 * | refused         | the stored refusal                            | → fenced                                                |
 * | undone, fenced  | 410                                           | the stored answer                                       |
 */
import { isDeepStrictEqual } from 'node:util';
import type { Pool } from 'pg';
import { findRow, inTurn, type Ledger, type Row } from './ledger.js';
import type { Charge, Processor } from './processor.js';

export type Request = Charge & { readonly orderId: string };

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Payments {
  put(id: string, request: Request): Promise<Answer>;
  undo(id: string): Promise<Answer>;
  probe(id: string): Promise<Answer>;
}

/** The processor forgets its keys after 24 hours: then the same key would charge again. Before that we stop asking. */
const KEY_LIFETIME_MS = 23 * 3_600_000;

export function createPayments(pool: Pool, processor: Processor): Payments {
  /** Learns what became of the charge by asking for it again with the same key: the only question that there is. */
  async function charge(ledger: Ledger, { id, request, ageMs }: Row): Promise<Row> {
    if (request === null || ageMs > KEY_LIFETIME_MS) throw new OutcomeUnknownError(id);
    const { amount, currency, source } = request;
    const outcome = await processor.charge(`charge-${id}`, { amount, currency, source, reference: id });
    return 'done' in outcome
      ? ledger.change({ status: 'applied', chargeId: outcome.done })
      : ledger.change({ status: 'refused', code: outcome.refused });
  }

  /** A refusal is stored under its key by the processor, not by us: the next compensation gets a new key. */
  async function refund(ledger: Ledger, row: Row): Promise<Answer> {
    const { id, refusedRefunds } = await ledger.change({ status: 'refunding' });
    const outcome = await processor.refund(`refund-${id}-${refusedRefunds}`, row.chargeId ?? '');
    if ('done' in outcome) return shown(await ledger.change({ status: 'undone' }));
    await ledger.change({ status: 'applied', refusedRefunds: refusedRefunds + 1 });
    return problem(409, 'RefundRefused', `The processor refuses the refund: ${outcome.refused}.`);
  }

  return {
    put: (id, request) =>
      inTurn(pool, id, async (ledger) => {
        const row = await ledger.begin('charging', request);
        if (['refunding', 'undone', 'fenced'].includes(row.status)) {
          return problem(410, 'AlreadyCancelled', `${id} was cancelled before.`);
        }
        if (!isDeepStrictEqual(row.request, request)) {
          return problem(409, 'IdempotencyMismatch', `${id} was asked for before with other content.`);
        }
        const { status, code, ...charged } = row.status === 'charging' ? await charge(ledger, row) : row;
        if (status === 'refused') return problem(422, 'PaymentDeclined', `The processor says ${code}.`);
        return shown({ ...charged, status, code });
      }),

    undo: (id) =>
      inTurn(pool, id, async (ledger) => {
        let row = await ledger.begin('fenced');
        if (row.status === 'charging') row = await charge(ledger, row);
        if (row.status === 'applied' || row.status === 'refunding') return refund(ledger, row);
        return shown(row.status === 'refused' ? await ledger.change({ status: 'fenced' }) : row);
      }),

    async probe(id) {
      const isKnown = (row: Row | undefined): boolean => row?.status !== 'charging' && row?.status !== 'refunding';
      let row = await findRow(pool, id);
      // A call is at work, or was when the adapter died. Asking the processor here would charge: a probe changes nothing.
      if (!isKnown(row)) row = await inTurn(pool, id, (ledger) => ledger.find());
      if (!isKnown(row)) throw new OutcomeUnknownError(id);
      return row === undefined ? { status: 200, body: { id, status: 'none', effect: 'none' } } : shown(row);
    },
  };
}

/** Neither applied nor not: answered as 503, so that the saga asks again, and in the end a person. */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError';

  constructor(id: string) {
    super(`What the processor did for ${id} is not known.`);
  }
}

export function shown({ id, status, request, code }: Pick<Row, 'id' | 'status' | 'request' | 'code'>): Answer {
  const effect = status === 'applied' || status === 'refunding' ? 'applied' : 'none';
  const { orderId, amount, currency } = request ?? {};
  return { status: 200, body: { id, status, effect, orderId, amount, currency, ...(code !== null && { code }) } };
}

export function problem(status: number, code: string, detail: string): Answer {
  return { status, body: { type: `urn:card-adapter:${code}`, title: code, status, code, detail } };
}
