/** Previews against the whole system: what was previewed is what then happens, in the journal and in the books (rule 47). */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createClient, type Client } from '../../src/client/client.js';
import { readEffectsOf, type ServiceUrls } from '../../src/oracle/read-books.js';
import { startSystem, type RunningSystem } from '../journey/running-system.js';
import { eventually } from '../support/eventually.js';

const dataDir = mkdtempSync(path.join(os.tmpdir(), 'unwind-preview-'));
let system: RunningSystem;
let client: Client;
let urls: Readonly<Record<keyof ServiceUrls, string>>;

beforeAll(async () => {
  system = startSystem(dataDir, { SAGA_APPROVAL_ABOVE: '500.00 EUR' });
  await system.line(/^ready/);
  client = createClient({ baseUrl: system.urlOf('api') });
  const [inventory, payment, shipping, notification] = ['inventory', 'payment', 'shipping', 'notification'].map(
    (name) => system.urlOf(name),
  ) as [string, string, string, string];
  urls = { inventory, payment, shipping, notification };
}, 120_000);

afterAll(async () => {
  system?.ctrlC();
  await system?.ended;
  rmSync(dataDir, { recursive: true, force: true });
});

const sagaOf = (orderId: string): string => `order-${orderId}`;
const PRODUCT = '123';

const arm = async (service: keyof ServiceUrls, fault: object): Promise<void> => {
  const armed = await fetch(`${urls[service]}/api/test/fail-next-request`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fault),
  });
  expect(armed.status).toBe(200);
};

const statusOf = async (orderId: string) => {
  const { body } = await client.getSagaStatus({ params: { sagaId: sagaOf(orderId) }, query: { fresh: true } });
  if (!body) throw new Error('no status');
  return body;
};

const reserved = async (): Promise<number> => {
  const answer = await fetch(`${urls.inventory}/api/products/${PRODUCT}`);
  return ((await answer.json()) as { reserved: number }).reserved;
};

const place = (orderId: string, quantity: number) =>
  client.placeOrder({ body: { orderId, items: [{ productId: PRODUCT, quantity }] } });

/** It waits for an approval, with its stock held. */
async function waiting(orderId: string): Promise<void> {
  await place(orderId, 30);
  await eventually(`${orderId} to wait`, 30_000, async () => (await statusOf(orderId)).waitingFor != null);
}

/** Its parcel was refused, and its refund is refused or keeps failing. */
async function unrefunded(orderId: string, fault: object): Promise<void> {
  await arm('shipping', {});
  await arm('payment', { operation: 'DELETE', ...fault });
  await place(orderId, 3);
  await eventually(`${orderId} to try its refund`, 30_000, async () => {
    const { steps = [], blockedOn } = await statusOf(orderId);
    const refund = steps.find(({ name }) => name === 'process_payment');
    return 'mode' in fault && fault.mode === 'refuse'
      ? blockedOn === 'process_payment'
      : refund?.status === 'compensating';
  });
}

const blocked = (orderId: string) => unrefunded(orderId, { mode: 'refuse' });

type Decide = (dryRun: boolean) => Promise<{ readonly body: object }>;
interface Seen {
  readonly applies: boolean;
  readonly effects: readonly { step: string; effect: string | null; becomes: string; certain: boolean }[];
  readonly money: Record<'refunded' | 'kept' | 'charged', { amount: number; currency: string } | null>;
  readonly stock: Record<'released' | 'held', readonly { productId: string; quantity: number }[]>;
  readonly notice: { id: string } | null;
  readonly verdict: { state: string; reason: string | null } | null;
  readonly waived: readonly string[];
  readonly basis: string;
}

const units = (lines: readonly { quantity: number }[]): number =>
  lines.reduce((sum, { quantity }) => sum + quantity, 0);

/** Compares the books and the journal with the preview, after what it previewed has happened. */
async function expectAsPreviewed(orderId: string, seen: Seen, before: { reserved: number; refunded: number }) {
  if (seen.verdict) {
    const { verdict } = seen;
    await eventually(`${orderId} to end`, 30_000, async () => (await statusOf(orderId)).state === verdict.state);
  }
  const { reason, waivers = [] } = await statusOf(orderId);
  const live = await readEffectsOf(urls, sagaOf(orderId));
  const kinds = live.map(({ kind }) => kind);
  if (seen.verdict) expect(reason).toBe(seen.verdict.reason);
  expect(waivers.map(({ step }) => step)).toEqual(seen.waived);
  for (const { effect, becomes } of seen.effects) {
    expect([effect, becomes, kinds.some((kind) => kind === effect)]).toEqual([
      effect,
      becomes,
      becomes === 'kept' || becomes === 'made',
    ]);
  }
  const mails = live.filter(({ kind }) => kind === 'confirmation' || kind === 'cancellation').map(({ id }) => id);
  expect(mails).toEqual(seen.notice ? [seen.notice.id] : []);
  const { captured = 0, refunded = 0 } = (await (
    await fetch(`${urls.payment}/api/payments/${sagaOf(orderId)}`)
  ).json()) as { captured?: number; refunded?: number };
  expect(refunded - before.refunded).toBe(seen.money.refunded?.amount ?? 0);
  expect(captured - refunded).toBe(seen.money.kept?.amount ?? seen.money.charged?.amount ?? 0);
  expect(before.reserved - (await reserved())).toBe(units(seen.stock.released));
}

async function previewAndDecide(orderId: string, decide: Decide): Promise<Seen> {
  const before = { reserved: await reserved(), refunded: 0 };
  const untouched = await statusOf(orderId);
  const seen = (await decide(true)).body as Seen;
  expect(seen).toMatchObject({ dryRun: true, applies: true, code: null, basis: 'books', sagaId: sagaOf(orderId) });
  const { updatedAt, state } = await statusOf(orderId);
  if (untouched.blockedOn) expect([updatedAt, state]).toEqual([untouched.updatedAt, untouched.state]);
  expect((await decide(false)).body).toMatchObject({ accepted: true });
  await expectAsPreviewed(orderId, seen, before);
  return seen;
}

const onOrder =
  (verb: 'cancelOrder' | 'approveOrder' | 'rejectOrder', orderId: string, isOther = false): Decide =>
  (dryRun) =>
    verb === 'cancelOrder'
      ? client.cancelOrder({ params: { orderId }, body: { reason: isOther ? 'fraud' : 'other', dryRun } })
      : client[verb]({ params: { orderId }, body: { reason: isOther ? 'another' : 'as previewed', dryRun } });

const onStep =
  (orderId: string, action: 'retry' | 'skip' | 'block'): Decide =>
  (dryRun) =>
    client.resolveStep({
      params: { sagaId: sagaOf(orderId), step: 'process_payment' },
      body: { action, reason: 'as previewed', dryRun },
    });

it('a cancel releases what was previewed, to the unit (rule 47)', async () => {
  await waiting('cancelled');
  const seen = await previewAndDecide('cancelled', onOrder('cancelOrder', 'cancelled'));
  expect(seen.verdict).toEqual({ state: 'CANCELLED', reason: 'CancelRequested' });
  expect(seen.stock.released).toEqual([{ productId: PRODUCT, quantity: 30 }]);
  expect(seen.money).toEqual({ refunded: null, kept: null, charged: null });
});

it('an approval charges what was previewed, to the cent, and the order completes (rule 47)', async () => {
  await waiting('approved');
  const seen = await previewAndDecide('approved', onOrder('approveOrder', 'approved'));
  expect(seen.verdict?.state).toBe('COMPLETED');
  expect(seen.money.charged?.amount).toBeGreaterThan(50_000);
  expect(seen.effects.map(({ effect, becomes }) => [effect, becomes])).toEqual([
    ['reservation', 'kept'],
    ['payment', 'made'],
    ['shipment', 'made'],
  ]);
});

it('a rejection undoes what was previewed (rule 47)', async () => {
  await waiting('rejected');
  const seen = await previewAndDecide('rejected', onOrder('rejectOrder', 'rejected'));
  expect(seen.verdict).toEqual({ state: 'FAILED', reason: 'ApprovalRejected' });
});

it('a retry gives back what was previewed, to the cent (rule 47)', async () => {
  await blocked('retried');
  const seen = await previewAndDecide('retried', onStep('retried', 'retry'));
  expect(seen.verdict).toEqual({ state: 'FAILED', reason: 'AddressNotServiceable' });
  expect(seen.money.refunded?.amount).toBeGreaterThan(0);
});

it('a skip keeps the money that was previewed, and the verdict lists the waiver (rules 4 and 47)', async () => {
  await blocked('skipped');
  const seen = await previewAndDecide('skipped', onStep('skipped', 'skip'));
  expect(seen.money.kept?.amount).toBeGreaterThan(0);
  expect(seen.waived).toEqual(['process_payment']);
  expect(seen.stock.released).toHaveLength(1);
});

it('a block leaves everything as it is, as was previewed (rule 47)', async () => {
  await unrefunded('held', { mode: 'unavailable', times: 3 });
  const seen = await previewAndDecide('held', onStep('held', 'block'));
  expect(seen.verdict).toBeNull();
  await eventually('the block', 20_000, async () => (await statusOf('held')).blockedOn === 'process_payment');
  // Armed faults that are left would meet the next order.
  for (let isBack = false; !isBack;) {
    await client
      .resolveStep({
        params: { sagaId: sagaOf('held'), step: 'process_payment' },
        body: { action: 'retry', reason: 'it is back' },
      })
      .catch(() => undefined);
    isBack = (await statusOf('held')).state === 'FAILED';
  }
});

it('a bulk decision does to each saga what its dry run previewed (rules 47 and 48)', async () => {
  const orders = ['bulk-1', 'bulk-2'];
  for (const orderId of orders) await blocked(orderId);
  const body = { filter: { blockedOn: 'process_payment' }, action: 'retry', reason: 'the provider is back' } as const;
  await eventually('both in the read model', 20_000, async () => {
    const { body: dry } = await client.resolveSagas({ body: { ...body, dryRun: true } });
    return dry.results.length === 2;
  });
  const before = await reserved();
  const { body: dry } = await client.resolveSagas({ body: { ...body, dryRun: true } });
  expect(dry.counts).toEqual({ wouldResolve: 2 });
  const { body: done } = await client.resolveSagas({ body });
  expect(done.counts).toEqual({ accepted: 2 });
  const previews = orders.map(
    (orderId) => dry.results.find(({ sagaId }) => sagaId === sagaOf(orderId))?.preview as Seen,
  );
  for (const orderId of orders)
    await eventually('its end', 30_000, async () => (await statusOf(orderId)).state === 'FAILED');
  const released = previews.reduce((sum, { stock }) => sum + units(stock.released), 0);
  expect(before - (await reserved())).toBe(released);
  for (const [index, orderId] of orders.entries()) {
    const own = previews[index] as Seen;
    const others = { reserved: (await reserved()) + units(own.stock.released), refunded: 0 };
    await expectAsPreviewed(orderId, own, others);
  }
});

it('what the saga would refuse, the preview refuses with the same code (rules 18 and 47)', async () => {
  const cases: [Decide, string][] = [
    [onOrder('cancelOrder', 'approved', true), 'AlreadyFulfilled'],
    [onOrder('cancelOrder', 'cancelled', true), 'AlreadyEnded'],
    [onOrder('approveOrder', 'rejected', true), 'AlreadyEnded'],
    [onStep('retried', 'skip'), 'AlreadyEnded'],
  ];
  await blocked('refusing');
  cases.push(
    [onOrder('cancelOrder', 'refusing', true), 'AlreadyUnwinding'],
    [onOrder('approveOrder', 'refusing', true), 'NotApplicable'],
    [onStep('refusing', 'block'), 'NotApplicable'],
  );
  for (const [decide, code] of cases) {
    expect((await decide(true)).body).toMatchObject({ dryRun: true, applies: false, code, effects: [], verdict: null });
    await expect(decide(false)).rejects.toMatchObject({ problem: { code } });
  }
});
