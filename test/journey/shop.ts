/** What a customer does to the running system, by HTTP. */
import { z } from 'zod';
import { eventually } from '../support/eventually.js';
import type { RunningSystem } from './running-system.js';

const accepted = z.object({ orderId: z.string(), sagaId: z.string() });
const saga = z.object({
  state: z.string(),
  reason: z.string().nullish(),
  steps: z.array(z.object({ name: z.string(), status: z.string() })).optional(),
});
type Saga = z.infer<typeof saga>;

async function json(url: string, body?: unknown): Promise<{ status: number; answer: unknown }> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(url, { ...init, headers: { 'content-type': 'application/json' } });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, answer: isJson ? JSON.parse(text) : text };
}

/** Places the order of two pieces of product 123, with what else it says, and returns its saga's id. */
export async function placeOrder(system: RunningSystem, more: object = {}): Promise<string> {
  const { status, answer } = await json(`${system.urlOf('api')}/api/orders`, {
    items: [{ productId: '123', quantity: 2 }],
    ...more,
  });
  if (status !== 202) throw new Error(`the order was answered ${status}: ${JSON.stringify(answer)}`);
  return accepted.parse(answer).sagaId;
}

export async function sagaStatus(system: RunningSystem, sagaId: string): Promise<Saga> {
  const { status, answer } = await json(`${system.urlOf('api')}/api/sagas/${sagaId}/status`);
  if (status !== 200) throw new Error(`the status was answered ${status}: ${JSON.stringify(answer)}`);
  return saga.parse(answer);
}

export async function verdict(system: RunningSystem, sagaId: string, within = 30_000): Promise<Saga> {
  return await eventually(`the end of ${sagaId}`, within, async () => {
    const now = await sagaStatus(system, sagaId).catch(() => undefined);
    return now !== undefined && ['COMPLETED', 'FAILED', 'CANCELLED'].includes(now.state) ? now : undefined;
  });
}

/** Arms a fault for the next PUT at a service. */
export async function armFault(system: RunningSystem, service: string, fault: object): Promise<void> {
  const { status } = await json(`${system.urlOf(service)}/api/test/fail-next-request`, fault);
  if (status >= 300) throw new Error(`${service} did not take the fault: ${status}`);
}

/** The status that a participant's ledger gives an effect: none, applied, refused, undone or fenced. */
export async function effectOf(
  system: RunningSystem,
  service: string,
  collection: string,
  id: string,
): Promise<string> {
  const { answer } = await json(`${system.urlOf(service)}/api/${collection}/${id}`);
  return z.object({ status: z.string() }).parse(answer).status;
}
