/** The card processor's API as it is: charge and refund, both with an idempotency key, and no way to ask what happened. */

export interface Charge {
  /** In the currency's minor unit. */
  readonly amount: number;
  readonly currency: string;
  /** The processor's token of a card. */
  readonly source: string;
}

/** A definitive answer. The processor stores it under the key, and a repeat with that key gets it again. */
export type Outcome = { readonly done: string } | { readonly refused: string };

export interface Processor {
  /** @throws ProcessorUnavailableError if there is no definitive answer: the money may have been taken */
  charge(key: string, charge: Charge & { readonly reference: string }): Promise<Outcome>;
  /** @throws ProcessorUnavailableError if there is no definitive answer: the money may have been given back */
  refund(key: string, chargeId: string): Promise<Outcome>;
}

/** The outcome is not known. Only the same request with the same key can tell it. */
export class ProcessorUnavailableError extends Error {
  override readonly name = 'ProcessorUnavailableError';
}

const WITHIN_MS = 5_000;

export function connectProcessor(url: string): Processor {
  async function post(path: string, key: string, body: object): Promise<Outcome> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    const signal = AbortSignal.timeout(WITHIN_MS);
    try {
      const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body), signal });
      const { id, code } = (await response.json()) as { id?: string; code?: string };
      if (response.status === 200 && id !== undefined) return { done: id };
      if (response.status === 402 && code !== undefined) return { refused: code };
      throw new ProcessorUnavailableError(`${path} answered ${response.status} ${code ?? ''}`);
    } catch (error) {
      if (error instanceof ProcessorUnavailableError) throw error;
      throw new ProcessorUnavailableError(`${path}: no answer`, { cause: error });
    }
  }
  return {
    charge: (key, charge) => post('/v1/charges', key, charge),
    refund: (key, chargeId) => post('/v1/refunds', key, { charge: chargeId }),
  };
}
