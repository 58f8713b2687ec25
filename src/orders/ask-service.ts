/** Asks a service a question for the API. An unclear answer counts as no answer. */
import { exchange } from '../platform/outbound/exchange.js';
import type { Address } from '../platform/outbound/service-access.js';
import type { SagaMemo } from '../workflows/messages.js';
import { CORRELATION_HEADER, TRACE_HEADER } from '../caller.js';

export interface ServiceAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface HowToAsk {
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly within: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Longer than any description of a product or an effect of ours. */
const LONGEST_ANSWER = 64 * 1024;

/** The headers that continue a saga's correlation id and trace. */
export const originHeaders = ({ correlationId, traceparent }: Required<SagaMemo>): Record<string, string> => ({
  [CORRELATION_HEADER]: correlationId,
  [TRACE_HEADER]: traceparent,
  accept: 'application/json',
});

/** Undefined if the service did not answer: it is away, slow, or its answer is not JSON. */
export async function askService(
  { url, access }: Address,
  { signal, within, headers }: HowToAsk,
): Promise<ServiceAnswer | undefined> {
  const bounds = { within, cancelled: signal, longest: LONGEST_ANSWER };
  const asked = { method: 'GET', url: new URL(url), access, headers, body: undefined, ...bounds };
  try {
    const { status, text } = await exchange(asked);
    return { status, body: Object(JSON.parse(text)) };
  } catch {
    return undefined;
  }
}
