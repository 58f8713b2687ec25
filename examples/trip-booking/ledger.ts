/**
 * What a participant keeps for each id: one row, written together with its effect.
 *
 * | now            | apply                                 | undo                        |
 * |----------------|---------------------------------------|-----------------------------|
 * | none           | applied, or refused: both are stored  | fenced: nothing to do       |
 * | applied        | the same answer, no second effect     | undone, once                |
 * | refused        | the same refusal                      | fenced: nothing to do       |
 * | undone, fenced | refused: `AlreadyCancelled`           | the same answer             |
 */
import { isDeepStrictEqual } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import type { Undone } from 'unwind/saga';

export interface Row<Request> {
  readonly status: 'applied' | 'refused' | 'undone' | 'fenced';
  readonly request?: Request;
  readonly code?: string;
}

export interface Ledger<Request> {
  /** `judge` says the code of a refusal; it is asked once for each id. */
  apply(id: string, request: Request, judge: (request: Request) => string | undefined): void;
  undo(id: string): Undone;
  statusOf(id: string): Row<Request>['status'] | 'none';
}

/** In memory, where nothing runs between reading a row and writing it; a database needs a transaction and a row lock. */
export function createLedger<Request>(): Ledger<Request> {
  const rows = new Map<string, Row<Request>>();
  return {
    apply(id, request, judge) {
      const known = rows.get(id);
      if (known?.status === 'undone' || known?.status === 'fenced') throw refusal('AlreadyCancelled');
      // Not a refusal that a saga knows: a caller who asks for two things under one id has a bug that somebody must see.
      if (known && !isDeepStrictEqual(known.request, request))
        throw new Error(`${id} was asked for with other content`);
      if (known?.status === 'refused') throw refusal(known.code ?? '');
      if (known) return;
      const code = judge(request);
      rows.set(id, code === undefined ? { status: 'applied', request } : { status: 'refused', request, code });
      if (code !== undefined) throw refusal(code);
    },
    undo(id) {
      const known = rows.get(id)?.status;
      if (known !== 'undone') rows.set(id, { status: known === 'applied' ? 'undone' : 'fenced' });
      return { outcome: rows.get(id)?.status === 'undone' ? 'compensated' : 'nothingToDo' };
    },
    statusOf: (id) => rows.get(id)?.status ?? 'none',
  };
}

/** A definitive answer: the saga knows it by its `type`, and Temporal does not try again. */
export const refusal = (code: string): ApplicationFailure => ApplicationFailure.nonRetryable(code, code);
