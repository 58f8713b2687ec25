/** The demo's calls to the running system, over HTTP like those of any other caller. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { ApiError, createClient } from '../../client/client.js';
import type { OrderItem, ShippingAddress } from '../../order.js';
import { exchange, parseJson, type Incoming } from '../../platform/outbound/exchange.js';
import { at, type Address, type ServiceTarget } from '../../platform/outbound/service-access.js';
import type { ServiceUrls } from '../../oracle/read-books.js';

/** The reason why a story cannot be played, as one sentence with its remedy. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}

export interface DemoUrls {
  readonly api: string;
  readonly services: ServiceUrls;
}

/** Fields that are left out are those of the demo customer. */
export interface DemoOrder {
  readonly orderId: string;
  readonly items: readonly OrderItem[];
  readonly paymentMethod?: string;
  readonly shippingAddress?: ShippingAddress;
}

/** The status of an id in a participant's ledger. */
export type LedgerStatus = 'none' | 'applied' | 'refused' | 'undone' | 'fenced';

const PATIENCE_MS = 10_000;
const LONGEST_ANSWER = 4 * 1024 * 1024;

const step = z.object({
  name: z.string(),
  status: z.string(),
  attempts: z.int(),
  error: z.object({ code: z.string() }).optional(),
});

const sagaStatus = z.object({
  sagaId: z.string(),
  state: z.enum(['STARTED', 'PENDING', 'COMPENSATING', 'COMPLETED', 'FAILED', 'CANCELLED']),
  reason: z.string().nullish(),
  blockedOn: z.string().nullish(),
  steps: z.array(step).default([]),
});

export type DemoSaga = z.infer<typeof sagaStatus>;

const problem = z.object({ code: z.string().optional(), title: z.string(), detail: z.string().optional() });

/** Throws unless the system takes orders. */
export async function requireReady({ api }: DemoUrls): Promise<void> {
  const { status, body } = await request({ url: `${api}/health/ready?duty=places` }, { allow: [503] });
  if (status === 503)
    throw new DemoError(`The system is not ready yet: ${api}/health/ready answered ${JSON.stringify(body)}.`);
}

/** Places an order and returns its saga id. */
export async function placeOrder({ api }: DemoUrls, order: DemoOrder): Promise<string> {
  const refused = (error: ApiError): Error =>
    error.status === 400
      ? new DemoError(
          `There is no demo customer at ${api} (an order without address is refused): start the system with DEMO_DATA=on, not in production.`,
        )
      : wrong('POST /api/orders', api, error);
  const { body } = await ask(clientOf(api).placeOrder({ body: order }), refused);
  return body.sagaId;
}

/** `undefined` while the API cannot answer. */
export async function readSaga({ api }: DemoUrls, sagaId: string): Promise<DemoSaga | undefined> {
  const status = clientOf(api).getSagaStatus({ params: { sagaId } });
  const answer = await ask(status, (error) =>
    error.status === 503 ? undefined : wrong(`GET /api/sagas/${sagaId}/status`, api, error),
  );
  return answer?.body && sagaStatus.parse(answer.body);
}

/** Disarms faults that another tester armed, because they would hit our orders. Returns their number. */
export async function clearFaults({ services }: DemoUrls): Promise<number> {
  const cleared = Object.values(services).map(async (service) => {
    const { body } = await request(at(service, '/api/test/faults'), { method: 'DELETE', allow: [404] });
    return z.object({ cleared: z.int().default(0) }).parse(body).cleared;
  });
  return (await Promise.all(cleared)).reduce((sum, one) => sum + one, 0);
}

/** Arms a fault for the next call to a service. */
export async function armFault(service: ServiceTarget, fault: Readonly<Record<string, unknown>>): Promise<void> {
  const address = at(service, '/api/test/fail-next-request');
  const { status } = await request(address, { method: 'POST', body: fault, allow: [404] });
  if (status === 404) {
    throw new DemoError(
      `Fault injection is off (${shown(address)} answered 404): start the system with FAULT_INJECTION=on, not in production.`,
    );
  }
}

const ledgerRow = z.object({ status: z.enum(['none', 'applied', 'refused', 'undone', 'fenced']) });

export type Ledger = readonly [inventory: LedgerStatus, payment: LedgerStatus, shipping: LedgerStatus];

/** The statuses of a saga in the ledgers of inventory, payment and shipping. */
export async function readLedger({ services }: DemoUrls, sagaId: string): Promise<Ledger> {
  const rowOf = async (service: ServiceTarget, collection: string) =>
    ledgerRow.parse((await request(at(service, `/api/${collection}/${sagaId}`))).body).status;
  return Promise.all([
    rowOf(services.inventory, 'reservations'),
    rowOf(services.payment, 'payments'),
    rowOf(services.shipping, 'shipments'),
  ]);
}

const stock = z.object({ productId: z.string(), available: z.int() });

export type DemoStock = z.infer<typeof stock>;

export async function readProducts({ services }: DemoUrls): Promise<DemoStock[]> {
  const { body } = await request(at(services.inventory, '/api/products?limit=100'));
  return z.object({ items: z.array(stock) }).parse(body).items;
}

/** The demo holds stock under this order id; no order has it. */
const HOLD = 'demo-hold';

/** Holds stock as another sales channel would; released by `releaseStock`. */
export async function holdStock({ services }: DemoUrls, id: string, items: readonly OrderItem[]): Promise<void> {
  await request(at(services.inventory, `/api/reservations/${id}`), { method: 'PUT', body: { orderId: HOLD, items } });
}

/** Releases all stock that the demo holds, including that of an earlier run that was killed. */
export async function releaseStock({ services }: DemoUrls): Promise<void> {
  const { body } = await request(at(services.inventory, `/api/reservations?orderId=${HOLD}&effect=applied`));
  const { items } = z.object({ items: z.array(z.object({ id: z.string() })) }).parse(body);
  for (const { id } of items) {
    await request(at(services.inventory, `/api/reservations/${encodeURIComponent(id)}`), { method: 'DELETE' });
  }
}

/** Repeats `look` until it returns a value, for at most `withinMs`; then throws a `DemoError` with the sentence. */
export async function until<T>(
  look: () => Promise<T | undefined>,
  withinMs: number,
  sentence: () => string,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new DemoError(sentence());
    await pause(50);
  }
}

const clientOf = (baseUrl: string) =>
  createClient({ baseUrl, fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) }) });

const silent = (api: string, cause: unknown): DemoError =>
  new DemoError(`${new URL(api).origin} does not answer: start the system with \`npm start\` first.`, { cause });

function wrong(what: string, api: string, error: ApiError): DemoError {
  if (error.status === 0) return silent(api, error);
  const why = error.problem ? `${error.problem.code ?? error.problem.title} ${error.problem.detail ?? ''}` : '';
  return new DemoError(`${what} answered ${error.status} ${why}`.trimEnd());
}

/** Turns a refusal of the API into the error that `told` makes of it; if it makes none, the result is undefined. */
async function ask<T, Told extends Error | undefined>(
  answer: Promise<T>,
  told: (error: ApiError) => Told,
): Promise<T | Extract<Told, undefined>> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const sentence = told(error);
    if (sentence) throw sentence;
    return sentence as Extract<Told, undefined>;
  }
}

interface RequestOptions {
  readonly method?: string;
  readonly body?: unknown;
  /** Statuses other than success that the caller can handle. */
  readonly allow?: readonly number[];
}

/** The address for people: without user and password. */
const shown = ({ url }: Address): string => url.replace(/\/\/[^/]*@/, '//');

async function request(address: Address, { method = 'GET', body, allow = [] }: RequestOptions = {}) {
  let answer: Incoming;
  try {
    answer = await exchange({
      method,
      url: new URL(address.url),
      access: address.access,
      within: PATIENCE_MS,
      longest: LONGEST_ANSWER,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    throw silent(address.url, error);
  }
  const { status, text } = answer;
  const json = parseJson(text);
  if ((status >= 200 && status < 300) || allow.includes(status)) return { status, body: json };
  const { data } = problem.safeParse(json);
  const why = data ? `${data.code ?? data.title} ${data.detail ?? ''}` : '';
  throw new DemoError(`${method} ${shown(address)} answered ${status} ${why}`.trimEnd());
}
