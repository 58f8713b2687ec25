/** Decisions on a real Temporal server: by whose clock they are dated, and what a paused workflow answers. */
import { watchTemporalClock, type LocalClocks, type TemporalClock } from '../../src/platform/temporal/clock.js';
import { createExecute } from '../../src/commands/execute.js';
import { TASK_QUEUE } from '../../src/workflows/messages.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { startJournalingWorker } from './journaling-worker.js';
import { POLICY, runApi, type RunningApi } from './running-api.js';
import { theShop, type Shop } from './shop.js';
import type { TestEnv } from '../support/temporal.js';
import { type Caller, ROLES } from '../../src/caller.js';

const items = [{ productId: '123', quantity: 2 }];

const KAFKA: Caller = {
  id: 'kafka',
  roles: ROLES,
  actor: undefined,
  customerId: undefined,
  expiresAt: undefined,
  namesOrders: true,
};

let temporal: TestEnv;
let api: RunningApi;
let shop: Shop;
let clock: TemporalClock;

/** What the API's machine believes, beside the truth. */
const turned = { wall: 0, monotonic: 0 };
const clocks: LocalClocks = {
  wall: () => Date.now() + turned.wall,
  monotonic: () => performance.now() + turned.monotonic,
};
/** What the clock that is watched with now has said. */
let logged: { readonly level: string; readonly text: string }[] = [];

function watch(): TemporalClock {
  const said: typeof logged = [];
  logged = said;
  const say =
    (level: string) =>
    (_about: object, text: string): void =>
      void said.push({ level, text });
  const logger = { warn: say('warn'), info: say('info') } as unknown as RunningApi['deps']['logger'];
  return watchTemporalClock({ temporal: temporal.client, taskQueue: TASK_QUEUE, logger, clocks });
}

beforeAll(async () => {
  temporal = await createDevServer();
  clock = watch();
  const policy = { ...POLICY, journal: true };
  // Whichever clock a test watches with.
  const current: TemporalClock = {
    now: () => clock.now(),
    measure: () => clock.measure(),
    difference: () => clock.difference(),
    stop: () => clock.stop(),
  };
  api = await runApi({ temporal: temporal.client, more: { policy, clock: current } });
  shop = theShop();
});

afterAll(async () => {
  await clock?.stop();
  await api?.close();
  await temporal?.close();
});

afterEach(async () => {
  await clock.stop();
  turned.wall = 0;
  turned.monotonic = 0;
  clock = watch();
});

async function working<T>(body: () => Promise<T>): Promise<T> {
  const worker = await startJournalingWorker(temporal, api, shop);
  return body().finally(() => worker.stop());
}

const place = async (orderId: string): Promise<void> => {
  expect((await api.post('/api/orders', { orderId, items })).status).toBe(202);
};

const held = async (orderId: string) => {
  const hold = shop.hold(orderId);
  await place(orderId);
  await hold.reached;
  return hold;
};

const stateOf = async (orderId: string): Promise<unknown> =>
  (await api.request('GET', `/api/sagas/order-${orderId}/status`)).body['state'];

const cancel = (orderId: string) => api.post(`/api/orders/${orderId}/cancel`, { reason: 'duplicate' });

/** A clock that was turned before the API started. */
async function startTurned(by: number): Promise<void> {
  await clock.stop();
  turned.wall = by;
  clock = watch();
}

describe("with the API's clock turned", () => {
  it.each([-10_000, -3_600_000, 30_000])('by %d ms a cancel is decided as with a right one (P5)', async (by) => {
    await startTurned(by);
    await working(async () => {
      const orderId = `turned-${by}`;
      const hold = await held(orderId);
      const decided = await cancel(orderId);
      hold.release();
      expect([decided.status, decided.body['code']]).toEqual([200, undefined]);
      await eventually('the end', 20_000, async () => (await stateOf(orderId)) === 'CANCELLED');
    });
  });

  it('30 s ahead, a cancel that was answered with 503 is not acted on when a worker comes later (P5, rule 24)', async () => {
    await startTurned(30_000);
    await place('undecided');
    const undecided = await cancel('undecided');
    expect([undecided.status, undecided.body['code']]).toEqual([503, 'NotDecided']);
    await working(() =>
      eventually('the end', 30_000, async () => {
        const state = await stateOf('undecided');
        expect(['STARTED', 'PENDING', 'COMPLETED']).toContain(state);
        return state === 'COMPLETED';
      }),
    );
  });

  it('while it runs, the next decision is dated right: the wall clock is not what counts (P5)', async () => {
    await clock.measure();
    await working(async () => {
      const hold = await held('stepped');
      turned.wall = -60_000;
      expect((await cancel('stepped')).status).toBe(200);
      hold.release();
    });
  });

  it('back by a machine that slept, both clocks are compared again before a decision is dated (P5)', async () => {
    await clock.measure();
    await working(async () => {
      const hold = await held('slept');
      turned.monotonic = -120_000;
      expect((await cancel('slept')).status).toBe(200);
      hold.release();
    });
  });

  it("so that its own reckoning is wrong, the workflow's refusal is taken for the sign that it is (P5)", async () => {
    await clock.measure();
    await working(async () => {
      const hold = await held('reckoned');
      // Both at once: nothing in this process can tell.
      turned.wall = -20_000;
      turned.monotonic = -20_000;
      expect((await cancel('reckoned')).status).toBe(200);
      hold.release();
    });
  });

  it("a command of Kafka's is decided in the same way (P5)", async () => {
    await startTurned(-10_000);
    await working(async () => {
      const hold = await held('commanded');
      const request = { reason: 'duplicate' } as const;
      const command = { command: 'CancelOrder', sagaId: 'order-commanded', orderId: 'commanded', request } as const;
      await createExecute(api.deps)(command, { caller: KAFKA, commandId: 'c-1', correlationId: 'c-1' });
      hold.release();
      await eventually('the end', 20_000, async () => (await stateOf('commanded')) === 'CANCELLED');
    });
  });

  it('readiness and metrics say by how much, and one warning does (P5)', async () => {
    await startTurned(-10_000);
    await clock.measure();
    await clock.measure();
    const ready = await api.request('GET', '/health/ready');
    const difference = Number(ready.body['clockDifferenceMs']);
    expect(Math.abs(difference - 10_000)).toBeLessThan(1_000);
    const { text } = await api.request('GET', '/metrics');
    const [, seconds] = /^unwind_api_clock_difference_seconds (\S+)$/m.exec(text) ?? [];
    expect(Math.abs(Number(seconds) - 10)).toBeLessThan(1);
    expect(logged.filter(({ level }) => level === 'warn')).toHaveLength(1);
    turned.wall = 0;
    await clock.measure();
    expect(logged.at(-1)).toEqual({ level: 'info', text: "this clock and Temporal's agree again" });
  });
});

const pauseInTemporal = (orderId: string, paused: boolean) => {
  const { namespace } = temporal;
  const who = {
    namespace,
    workflowId: `order-${orderId}`,
    identity: 'olga@desk',
    reason: 'stock is counted',
    requestId: orderId,
  };
  const { workflowService } = temporal.client;
  return paused ? workflowService.pauseWorkflowExecution(who) : workflowService.unpauseWorkflowExecution(who);
};

describe('a saga that is paused in Temporal', () => {
  it('refuses every decision with 409 SagaPaused, who and why, and is acted on only after it goes on (rule 51)', async () => {
    await working(async () => {
      const hold = await held('paused');
      await pauseInTemporal('paused', true);
      const paused = { by: 'olga@desk', reason: 'stock is counted', since: expect.stringMatching(/^\d{4}-.*Z$/) };
      const decisions = [
        ['/api/orders/paused/cancel', {}],
        ['/api/orders/paused/approve', {}],
        ['/api/orders/paused/reject', {}],
        ['/api/sagas/order-paused/steps/process_payment/resolve', { action: 'block' }],
      ] as const;
      for (const [path, more] of decisions) {
        const refused = await api.post(path, { reason: 'duplicate', ...more });
        expect([path, refused.status, refused.body]).toMatchObject([path, 409, { code: 'SagaPaused', paused }]);
        expect(refused.headers.get('retry-after')).toBeNull();
      }
      const status = await api.request('GET', '/api/sagas/order-paused/status?fresh=true');
      expect(status.body).toMatchObject({ state: 'PENDING', temporalStatus: 'PAUSED', paused });
      expect((await api.request('GET', '/api/orders/paused')).body).toMatchObject({ paused });

      await pauseInTemporal('paused', false);
      expect((await api.request('GET', '/api/orders/paused')).body).not.toHaveProperty('paused');
      expect((await cancel('paused')).status).toBe(200);
      hold.release();
      await eventually('the end', 20_000, async () => (await stateOf('paused')) === 'CANCELLED');
    });
  });

  it('before a worker has seen it is named as well, without one', async () => {
    await place('unseen');
    await pauseInTemporal('unseen', true);
    expect((await cancel('unseen')).body).toMatchObject({ code: 'SagaPaused', paused: { by: 'olga@desk' } });
    expect((await api.request('GET', '/api/sagas/order-unseen/status')).body).toMatchObject({
      state: 'STARTED',
      paused: { reason: 'stock is counted' },
    });
  });
});
