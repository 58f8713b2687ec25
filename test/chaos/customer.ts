/** What customers do: they place orders and cancel them over the API, and write down what they are told. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { PlannedOrder } from './plan.js';
import type { CancelAnswer, OrderRecord } from './records.js';

const ANSWER_WITHIN_MS = 8_000;
const REPEAT_AFTER_MS = 250;
/** A customer whom nobody answers for so long has found a fault. */
const PATIENCE_MS = 120_000;
/** Then the customer leaves it undecided. */
const CANCEL_PATIENCE_MS = 15_000;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const problem = z.object({ code: z.string(), state: z.string().optional() });

/** Undefined where no answer came. */
async function post(url: string, body: unknown, signal: AbortSignal): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    return { status: response.status, body: await response.json() };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

const describe = ({ status, body }: Answer): string => `${status} ${JSON.stringify(body).slice(0, 200)}`;

/** The order's own fields; the class and the cancel are the plan's. */
function requestOf({ orderId, items, paymentMethod, shippingAddress }: PlannedOrder): object {
  return { orderId, items, ...(paymentMethod && { paymentMethod }), ...(shippingAddress && { shippingAddress }) };
}

/** Repeats the POST until it is acknowledged or refused; the order id makes the repeats one order. */
export async function place(api: string, record: OrderRecord, signal: AbortSignal): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    const answer = await post(`${api}/api/orders`, requestOf(record.order), signal);
    if (answer?.status === 202 || answer?.status === 200) {
      record.placing = 'acknowledged';
      return;
    }
    if (answer?.status === 422 && record.order.class === 'unknownProduct') {
      record.placing = 'refused';
      return;
    }
    if (answer !== undefined && answer.status !== 503) record.oddities.push(`POST was answered ${describe(answer)}`);
    await pause(REPEAT_AFTER_MS, undefined, { signal });
  }
}

/** Cancels the order some time after its acknowledgement, and repeats the same request until it is decided. */
export async function cancel(api: string, record: OrderRecord, signal: AbortSignal): Promise<void> {
  const { orderId, cancelAfterMs } = record.order;
  if (cancelAfterMs === undefined) return;
  await pause(cancelAfterMs, undefined, { signal });
  const end = performance.now() + CANCEL_PATIENCE_MS;
  while (performance.now() < end) {
    const answer = await post(`${api}/api/orders/${orderId}/cancel`, { reason: 'changed_mind' }, signal);
    const decision = decisionOf(answer);
    record.cancels.push(decision);
    if (decision.kind !== 'undecided') return;
    if (answer !== undefined && answer.status !== 503) record.oddities.push(`cancel was answered ${describe(answer)}`);
    await pause(REPEAT_AFTER_MS, undefined, { signal });
  }
}

function decisionOf(answer: Answer | undefined): CancelAnswer {
  if (answer?.status === 200) return { kind: 'accepted' };
  const { data } = problem.safeParse(answer?.body);
  if (answer?.status !== 409 || data === undefined) return { kind: 'undecided' };
  return { kind: 'refused', code: data.code, state: data.state };
}
