/** Endpoints that hang, fail, redirect, end or are not where they may be; senders that are killed. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { databaseUrl } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { hang, status } from './receiver.js';
import { blocked, ended, openSending, order, WITHIN, type Sending } from './sending.js';

let sending: Sending;

beforeEach(async () => {
  sending = await openSending();
});
afterEach(async () => {
  await sending.close();
}, 60_000);

it.each([
  ['hangs', hang],
  ['answers 500', status(500)],
])('lets an endpoint that %s hold up neither the others nor the relay (rule 41)', async (_, answer) => {
  const [away, well] = [await sending.receiver(), await sending.receiver()];
  away.answer = answer;
  const [first] = [await sending.register(away.url), await sending.register(well.url)];
  sending.send({ within: 60_000 });
  const ids = Array.from({ length: 30 }, (_id, index) => `o${index}`);
  for (const id of ids) await sending.append(id, order(id, ended('COMPLETED')));
  await sending.queued();
  await eventually('all at the other endpoint', WITHIN, () => well.received.length === ids.length);
  expect(new Set(well.received.map(({ message }) => message.data.orderId))).toEqual(new Set(ids));
  expect((await sending.deliveries(first.endpoint)).map(({ state }) => state)).toEqual(ids.map(() => 'pending'));
  // Few attempts at once, also while it does not answer.
  if (answer === hang) expect(away.received.length).toBeLessThanOrEqual(4);
});

it('sends an endpoint that comes back everything that has waited, each once', async () => {
  const shop = await sending.receiver();
  shop.answer = status(500);
  const { endpoint } = await sending.register(shop.url);
  sending.send({ pace: { pauseAfter: () => 3_600_000 } });
  for (const id of ['1', '2', '3', '4', '5', '6']) await sending.append(id, order(id, ended('COMPLETED')));
  await sending.queued();
  await eventually('a failure of each', WITHIN, async () =>
    (await sending.deliveries(endpoint)).every(({ lastStatus }) => lastStatus === 500),
  );
  shop.answer = status(200);
  // The first message that gets through brings the others forward, whose own pause is an hour.
  await sending.append('7', order('7', ended('COMPLETED')));
  await eventually('everything to be delivered', 60_000, async () =>
    (await sending.deliveries(endpoint)).every(({ state }) => state === 'delivered'),
  );
  expect((await sending.webhooks.get(endpoint.webhookId))?.failingSince).toBeNull();
}, 90_000);

it('sends nothing more to an endpoint that answers 410, until it is enabled again', async () => {
  const shop = await sending.receiver();
  shop.answer = status(410);
  const { endpoint } = await sending.register(shop.url);
  await sending.append('1', order('1', blocked, ended('COMPLETED')));
  await sending.queued();
  sending.send();
  await eventually('the end', WITHIN, async () => {
    const found = await sending.webhooks.get(endpoint.webhookId);
    return found?.state === 'ended';
  });
  expect((await sending.deliveries(endpoint)).map(({ state, lastStatus }) => [state, lastStatus])).toEqual([
    ['failed', 410],
    ['failed', null],
  ]);
  await sending.append('2', order('2', ended('COMPLETED')));
  await sending.queued();
  expect(await sending.deliveries(endpoint)).toHaveLength(2);
  shop.answer = status(200);
  await sending.webhooks.change(endpoint.webhookId, { enabled: true });
  await sending.append('3', order('3', ended('COMPLETED')));
  await eventually('the next order', WITHIN, () => shop.received.length === 2);
  expect(shop.received.map(({ message }) => message.data.orderId)).toEqual(['1', '3']);
});

it('does not follow a redirect: it counts as a failure, and is tried again', async () => {
  const [shop, elsewhere] = [await sending.receiver(), await sending.receiver()];
  shop.answer = status(307, { location: elsewhere.url });
  const { endpoint } = await sending.register(shop.url);
  sending.send();
  await sending.append('1', order('1', ended('COMPLETED')));
  await eventually('two attempts', WITHIN, () => shop.received.length >= 2);
  expect(elsewhere.connections()).toBe(0);
  expect((await sending.deliveries(endpoint))[0]).toMatchObject({ state: 'pending', lastStatus: 307 });
});

it('leaves an endpoint alone for as long as its Retry-After says', async () => {
  const shop = await sending.receiver();
  shop.answer = status(503, { 'retry-after': '3600' });
  const { endpoint } = await sending.register(shop.url);
  sending.send();
  await sending.append('1', order('1', ended('COMPLETED')));
  await eventually(
    'the answer to be noted',
    WITHIN,
    async () => (await sending.deliveries(endpoint))[0]?.lastStatus === 503,
  );
  const { rows } = await sending.journal.pool.query<{ rests: boolean }>(
    `SELECT next_at BETWEEN clock_timestamp() + interval '50 minutes' AND clock_timestamp() + interval '61 minutes' AS rests
     FROM webhook_endpoints`,
  );
  expect(rows).toEqual([{ rests: true }]);
});

it('gives a message up after its days, and sends the next one of its order', async () => {
  const shop = await sending.receiver();
  shop.answer = (got, response) => status(got.message.type === 'order.blocked' ? 500 : 200)(got, response);
  const { endpoint } = await sending.register(shop.url);
  sending.send({ pace: { patience: 300 } });
  await sending.append('1', order('1', blocked, ended('COMPLETED')));
  await eventually('both to be decided', WITHIN, async () => {
    const all = await sending.deliveries(endpoint);
    return all.length === 2 && all.every(({ state }) => state !== 'pending');
  });
  expect((await sending.deliveries(endpoint)).map(({ state, lastStatus }) => [state, lastStatus])).toEqual([
    ['failed', 500],
    ['delivered', 200],
  ]);
});

it('makes no connection to a name that resolves to this machine, unless private addresses are allowed', async () => {
  const shop = await sending.receiver();
  const { endpoint } = await sending.register(shop.url);
  sending.send({ rules: { plainHttp: true, privateAddresses: false } });
  await sending.append('1', order('1', ended('COMPLETED')));
  const delivery = await eventually('an attempt', WITHIN, async () => {
    const [first] = await sending.deliveries(endpoint);
    return first?.lastError !== null && first;
  });
  expect(delivery).toMatchObject({ state: 'pending', lastStatus: null, lastError: 'ADDRESS_REFUSED' });
  expect(shop.connections()).toBe(0);
});

it('sends a message again under the same id when its sender was killed in the middle (at least once)', async () => {
  const shop = await sending.receiver();
  shop.answer = hang;
  const { endpoint } = await sending.register(shop.url);
  const root = path.join(import.meta.dirname, '..', '..', '..');
  const child = fork(path.join(import.meta.dirname, 'sender-process.ts'), [databaseUrl(), sending.journal.schema], {
    execArgv: ['--import', path.join(root, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs')],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const gone = once(child, 'exit');
  try {
    await sending.append('1', order('1', ended('COMPLETED')));
    await eventually('the attempt of the other process', WITHIN, () => shop.received.length === 1);
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
  const [cut] = await sending.deliveries(endpoint);
  // Its claim has an end, and then any sender makes the attempt again.
  expect(Date.parse(cut?.nextAttemptAt ?? '')).toBeLessThan(Date.now() + 60_000);
  shop.answer = status(200);
  sending.send();
  await eventually('the delivery', WITHIN, async () => (await sending.deliveries(endpoint))[0]?.state === 'delivered');
  expect(shop.received).toHaveLength(2);
  expect(shop.received[1]?.id).toBe(shop.received[0]?.id);
  expect(shop.received[1]?.body).toBe(shop.received[0]?.body);
});
