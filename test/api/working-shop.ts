/** The API with a worker that keeps the journal, and what its tests do with both. */
import { createClient, type Client } from '../../src/client/client.js';
import type { ApiDeps } from '../../src/api/app.js';
import { eventually } from '../support/eventually.js';
import type { TestEnv } from '../support/temporal.js';
import { startJournalingWorker } from './journaling-worker.js';
import { POLICY, runApi, type RunningApi } from './running-api.js';
import { theShop, type Shop } from './shop.js';
import { createWarmServer } from './warm-server.js';

export const items = [{ productId: '123', quantity: 2 }];

/** Orders of this currency wait for an approval from 0.02 on. */
export const DEAR = { amount: 2, currency: 'XAP' };
const LIMITS = [
  { ...DEAR, amount: 1 },
  { amount: Number.MAX_SAFE_INTEGER, currency: 'EUR' },
];

export interface WorkingShop {
  readonly temporal: TestEnv;
  readonly api: RunningApi;
  readonly shop: Shop;
  readonly client: Client;
  statusOf(orderId: string): Promise<StatusBody>;
  eventsOf(orderId: string): Promise<EventsBody>;
  /** Its end, as Temporal has it: the read model knows it a moment earlier. */
  endOf(orderId: string): Promise<void>;
  /** Placed, and ended. */
  fulfil(orderId: string): Promise<void>;
  /** Placed, declined, and blocked on a release that the inventory refuses. */
  block(orderId: string): Promise<void>;
  close(): Promise<void>;
}

type StatusBody = Awaited<ReturnType<Client['getSagaStatus']>>['body'];
type EventsBody = Awaited<ReturnType<Client['listSagaEvents']>>['body'];

export const sagaOf = (orderId: string): string => `order-${orderId}`;

export interface ShopOptions {
  /** A time-skipping one, unless said otherwise. */
  readonly server?: () => Promise<TestEnv>;
  readonly more?: Partial<ApiDeps>;
}

export async function openWorkingShop({
  server = createWarmServer,
  more = {},
}: ShopOptions = {}): Promise<WorkingShop> {
  const temporal = await server();
  const policy = { ...POLICY, journal: true, approvalAbove: LIMITS, approvalTimeout: 600_000 };
  const api = await runApi({ temporal: temporal.client, more: { policy, ...more } });
  const shop = theShop();
  const worker = await startJournalingWorker(temporal, api, shop);
  const client = createClient({ baseUrl: api.url });
  const statusOf = async (orderId: string) =>
    (await client.getSagaStatus({ params: { sagaId: sagaOf(orderId) } })).body;
  return {
    temporal,
    api,
    shop,
    client,
    statusOf,
    eventsOf: async (orderId) =>
      (await client.listSagaEvents({ params: { sagaId: sagaOf(orderId) }, query: { limit: 200 } })).body,
    endOf: async (orderId) => {
      await temporal.client.workflow.getHandle(sagaOf(orderId)).result();
    },
    fulfil: async (orderId) => {
      const answer = await client.placeOrder({ body: { orderId, items }, headers: { prefer: 'wait=20' } });
      expect(answer.status).toBe(200);
    },
    block: async (orderId) => {
      shop.decline(orderId);
      shop.refuseRelease(orderId);
      await client.placeOrder({ body: { orderId, items } });
      await eventually(`${orderId} to be blocked`, 20_000, async () => {
        const { blockedOn = null } = (await statusOf(orderId)) ?? {};
        return blockedOn !== null;
      });
    },
    async close() {
      await worker.stop();
      await api.close();
      await temporal.close();
    },
  };
}
