/** The reconciler against the whole system: what was left behind is found, previewed, undone, and the books agree (rule 27). */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client as Temporal, Connection } from '@temporalio/client';
import { createClient, type Client } from '../../src/client/client.js';
import { auditBooks } from '../../src/oracle/audit.js';
import { readEffectsOf, type ServiceUrls } from '../../src/oracle/read-books.js';
import { keptVerdicts } from '../../src/oracle/verdicts-in-journal.js';
import { sagaVerdicts } from '../../src/oracle/verdicts-in-temporal.js';
import { openReader, type OpenReader } from '../../src/journal/read/open-reader.js';
import { startSystem, type RunningSystem } from '../journey/running-system.js';
import { eventually } from '../support/eventually.js';

const dataDir = mkdtempSync(path.join(os.tmpdir(), 'unwind-reconciler-'));
let system: RunningSystem;
let client: Client;
let connection: Connection;
let temporal: Temporal;
let journal: OpenReader;
let urls: Readonly<Record<keyof ServiceUrls, string>>;

beforeAll(async () => {
  system = startSystem(dataDir, { SAGA_APPROVAL_ABOVE: '500.00 EUR' });
  await system.line(/^ready/);
  client = createClient({ baseUrl: system.urlOf('api') });
  const [inventory, payment, shipping, notification] = ['inventory', 'payment', 'shipping', 'notification'].map(
    (name) => system.urlOf(name),
  ) as [string, string, string, string];
  urls = { inventory, payment, shipping, notification };
  const [, address] = /(127\.0\.0\.1:\d+|localhost:\d+)/.exec(await system.line(/^temporal .*:\d+/)) ?? [];
  connection = await Connection.connect({ address: address ?? '' });
  temporal = new Temporal({ connection });
  journal = openReader({ databaseUrl: system.databaseUrl(), orders: { list: async () => [] } });
}, 120_000);

afterAll(async () => {
  await journal?.close();
  await connection?.close();
  system?.ctrlC();
  await system?.ended;
  rmSync(dataDir, { recursive: true, force: true });
});

const sagaOf = (orderId: string): string => `order-${orderId}`;
const statusOf = async (orderId: string) => (await client.getSagaStatus({ params: { sagaId: sagaOf(orderId) } })).body;
const kindsOf = async (orderId: string) => (await readEffectsOf(urls, sagaOf(orderId))).map(({ kind }) => kind);
const findingOf = async (orderId: string) =>
  (await client.listFindings({ query: {} })).body.items.find(({ sagaId }) => sagaId === sagaOf(orderId));
const found = (orderId: string) => eventually(`the finding of ${orderId}`, 60_000, () => findingOf(orderId));
const repair = (orderId: string, body: object) =>
  client.repairSaga({ params: { sagaId: sagaOf(orderId) }, body: { reason: 'ended by mistake', ...body } });
const ended = (orderId: string, state: string) =>
  eventually(`${orderId} to end`, 30_000, async () => (await statusOf(orderId))?.state === state);
const differences = async () =>
  (await auditBooks(urls, sagaVerdicts(temporal, keptVerdicts(journal)))).differences.filter(
    ({ kind }) => kind !== 'money',
  );

/** It waits for an approval, with its stock held. */
async function waiting(orderId: string): Promise<void> {
  await client.placeOrder({ body: { orderId, items: [{ productId: '123', quantity: 30 }] } });
  await eventually(`${orderId} to wait`, 30_000, async () => (await statusOf(orderId))?.waitingFor != null);
}

it('a terminated order is found, previewed and unwound, and the books agree (rules 27 and 47)', async () => {
  await waiting('terminated');
  const lives = await repair('terminated', {}).catch((error: unknown) => error);
  expect(lives).toMatchObject({ problem: { code: 'RunStillLives' } });
  await temporal.workflow.getHandle(sagaOf('terminated')).terminate('by mistake');
  expect(await found('terminated')).toMatchObject({
    cause: 'RunTerminated',
    holds: { effects: [{ effect: 'reservation' }], stock: [{ productId: '123', quantity: 30 }] },
  });
  const { body: seen } = await repair('terminated', { dryRun: true });
  expect(seen).toMatchObject({
    applies: true,
    verdict: { state: 'FAILED', reason: 'RunEnded' },
    stock: { released: [{ productId: '123', quantity: 30 }] },
    notice: { kind: 'cancellation' },
  });
  const two = await Promise.allSettled([repair('terminated', {}), repair('terminated', { actor: 'otto' })]);
  expect(two.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await ended('terminated', 'FAILED');
  expect(await statusOf('terminated')).toMatchObject({ state: 'FAILED', reason: 'RunEnded' });
  expect(await kindsOf('terminated')).toEqual(['cancellation']);
  await eventually('the finding to close', 60_000, async () => !(await findingOf('terminated')));
  expect(await differences()).toEqual([]);
  const { body: audit } = await client.listAudit({ query: { sagaId: sagaOf('terminated') } });
  expect(audit.items.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1);
}, 180_000);

const arm = async (service: keyof ServiceUrls, fault: object): Promise<void> => {
  const { status } = await fetch(`${urls[service]}/api/test/fail-next-request`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fault),
  });
  expect(status).toBe(200);
};

it('a run that is deleted while its refund is refused is found although the job is killed, and unwound (rules 27 and 42)', async () => {
  await waiting('deleted');
  await arm('shipping', {});
  await arm('payment', { operation: 'DELETE' });
  await client.approveOrder({ params: { orderId: 'deleted' }, body: { reason: 'a known customer' } });
  await eventually('the refund to block', 30_000, async () => (await statusOf('deleted'))?.blockedOn != null);
  await connection.workflowService.deleteWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: sagaOf('deleted') },
  });
  process.kill(system.pidOf('background'), 'SIGKILL');
  const finding = await found('deleted');
  expect(finding).toMatchObject({ cause: 'RunGone', state: 'COMPENSATING' });
  expect(finding.holds.effects.map(({ effect }) => effect).toSorted()).toEqual(['payment', 'reservation']);
  const { body: seen } = await repair('deleted', { dryRun: true });
  expect(seen).toMatchObject({
    applies: true,
    money: { refunded: finding.holds.money },
    verdict: { reason: 'RunEnded' },
  });
  await repair('deleted', {});
  await ended('deleted', 'FAILED');
  expect(await kindsOf('deleted')).toEqual(['cancellation']);
  expect(await differences()).toEqual([]);
}, 180_000);

it('a repair whose refund is refused blocks as any saga, and ends when an operator has it retried (rules 27 and 42)', async () => {
  await waiting('blocked');
  await arm('shipping', { mode: 'unavailable', times: 1_000 });
  await client.approveOrder({ params: { orderId: 'blocked' }, body: { reason: 'a known customer' } });
  await eventually('the payment', 30_000, async () => (await kindsOf('blocked')).includes('payment'));
  // It blocks in the run that is terminated as well, if that gets so far.
  await arm('payment', { operation: 'DELETE', times: 1_000 });
  await eventually('the cancel', 30_000, async () => {
    const { body } = await client.cancelOrder({ params: { orderId: 'blocked' }, body: { reason: 'changed_mind' } });
    return body !== undefined;
  });
  await temporal.workflow.getHandle(sagaOf('blocked')).terminate('by mistake');
  await fetch(`${urls.shipping}/api/test/faults`, { method: 'DELETE' });
  await found('blocked');
  await repair('blocked', {});
  await eventually(
    'the refund to block',
    30_000,
    async () => (await statusOf('blocked'))?.blockedOn === 'process_payment',
  );
  await fetch(`${urls.payment}/api/test/faults`, { method: 'DELETE' });
  await eventually('the retry to be accepted', 30_000, () =>
    client
      .resolveStep({
        params: { sagaId: sagaOf('blocked'), step: 'process_payment' },
        body: { action: 'retry', reason: 'the provider is repaired' },
      })
      .then(
        () => true,
        () => false,
      ),
  );
  await ended('blocked', 'CANCELLED');
  expect(await kindsOf('blocked')).toEqual(['cancellation']);
  expect(await differences()).toEqual([]);
}, 180_000);

it('an effect that no saga owns is found and undone; a completed order keeps its verdict (rules 27 and 54)', async () => {
  const body = { orderId: 'orphan', customerId: 'c', paymentMethod: 'pm', amount: { amount: 1_234, currency: 'EUR' } };
  const { status } = await fetch(`${urls.payment}/api/payments/order-orphan`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(status).toBeLessThan(300);
  await client.placeOrder({ body: { orderId: 'whole', items: [{ productId: '123', quantity: 1 }] } });
  await ended('whole', 'COMPLETED');
  expect(await found('orphan')).toMatchObject({
    cause: 'NoSaga',
    holds: { money: { amount: 1_234, currency: 'EUR' } },
  });
  await repair('orphan', {});
  await ended('orphan', 'FAILED');
  expect(await kindsOf('orphan')).toEqual([]);
  const refused = await repair('whole', { steps: ['create_shipment'] }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ problem: { code: 'NothingToRepair' } });
  expect(await statusOf('whole')).toMatchObject({ state: 'COMPLETED' });
  expect(await differences()).toEqual([]);
}, 180_000);
