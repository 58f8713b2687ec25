/** Webhooks from the journal to a shop's endpoint: order, signatures, repeats. */
import { eventually } from '../../support/eventually.js';
import { hang, isSignedBy, status } from './receiver.js';
import { blocked, ended, openSending, order, WITHIN, type Sending } from './sending.js';

let sending: Sending;

beforeEach(async () => {
  sending = await openSending();
});
afterEach(async () => {
  await sending.close();
}, 60_000);

it("sends a shop the events of an order in their order, signed, with ids, state, reason and amount (I: shops' webhooks)", async () => {
  const shop = await sending.receiver();
  const { secret } = await sending.register(shop.url);
  sending.send();
  await sending.append('1', order('1', blocked));
  await sending.append('1', [ended('FAILED', 'PaymentDeclined')], 4);
  await sending.append('2', order('2', ended('COMPLETED')));
  await sending.append('3', order('3', ended('CANCELLED', 'CancelRequested')));
  await eventually('four messages', WITHIN, () => shop.received.length === 4);
  const total = { amount: 4200, currency: 'EUR' };
  const of = (orderId: string) => shop.received.filter(({ message }) => message.data.orderId === orderId);
  expect(of('1').map(({ message }) => [message.type, message.data])).toEqual([
    [
      'order.blocked',
      {
        orderId: '1',
        sagaId: 'order-1',
        step: 'reserve_inventory',
        reason: 'ReleaseRefused',
        total,
        branch: 0,
        seq: 4,
      },
    ],
    [
      'order.failed',
      { orderId: '1', sagaId: 'order-1', state: 'FAILED', reason: 'PaymentDeclined', total, branch: 0, seq: 5 },
    ],
  ]);
  expect(of('2').map(({ message }) => message.type)).toEqual(['order.completed']);
  expect(of('3').map(({ message }) => message.type)).toEqual(['order.cancelled']);
  expect(shop.received.map((each) => isSignedBy(secret, each))).toEqual([true, true, true, true]);
  expect(new Set(shop.received.map(({ id }) => id)).size).toBe(4);
});

it('sends the later events of an order only after the earlier ones have arrived, and other orders in between (rule 41)', async () => {
  const shop = await sending.receiver();
  let refusals = 3;
  shop.answer = (got, response) => {
    const refuses = got.message.type === 'order.blocked' && refusals > 0;
    if (refuses) refusals -= 1;
    status(refuses ? 500 : 200)(got, response);
  };
  const { endpoint } = await sending.register(shop.url);
  await sending.append('1', order('1', blocked, ended('COMPLETED')));
  await sending.append('2', order('2', ended('COMPLETED')));
  await sending.queued();
  sending.send();
  await eventually('all to be delivered', WITHIN, async () =>
    (await sending.deliveries(endpoint)).every(({ state }) => state === 'delivered'),
  );
  const types = shop.received.filter(({ message }) => message.data.orderId === '1').map(({ message }) => message.type);
  expect(types).toEqual(['order.blocked', 'order.blocked', 'order.blocked', 'order.blocked', 'order.completed']);
  expect(
    new Set(shop.received.filter(({ message }) => message.type === 'order.blocked').map(({ id }) => id)).size,
  ).toBe(1);
  expect((await sending.deliveries(endpoint)).map(({ attempts }) => attempts)).toEqual([4, 1, 1]);
});

it('queues nothing twice when the relay delivers everything again (at least once, told apart by webhook-id)', async () => {
  const shop = await sending.receiver();
  const { endpoint } = await sending.register(shop.url);
  await sending.append('1', order('1', ended('COMPLETED')));
  await sending.queued();
  sending.send();
  await eventually('the message', WITHIN, () => shop.received.length === 1);
  await sending.journal.pool.query(`UPDATE sink_cursors SET txid = '0', position = 0 WHERE sink = 'webhooks'`);
  await sending.append('2', order('2', ended('COMPLETED')));
  await eventually('the second order', WITHIN, () => shop.received.length === 2);
  expect((await sending.deliveries(endpoint)).map(({ sagaId }) => sagaId)).toEqual(['order-1', 'order-2']);
});

it('sends an endpoint only what it asks for, and nothing from before its registration', async () => {
  const shop = await sending.receiver();
  await sending.journal.append('order-old', [
    { seq: 1, at: '2026-01-01T00:00:00.000Z', event: order('old')[0] as never },
    { seq: 2, at: '2026-01-01T00:00:01.000Z', event: ended('FAILED', 'PaymentDeclined') },
  ]);
  const { endpoint } = await sending.register(shop.url, ['order.failed']);
  await sending.append('1', order('1', ended('COMPLETED')));
  await sending.append('2', order('2', ended('FAILED', 'PaymentDeclined')));
  await sending.queued();
  expect((await sending.deliveries(endpoint)).map(({ sagaId, event }) => [sagaId, event])).toEqual([
    ['order-2', 'order.failed'],
  ]);
});

it('signs with the new secret and the old one while a secret is rotated', async () => {
  const shop = await sending.receiver();
  const { endpoint, secret } = await sending.register(shop.url);
  const rotated = await sending.webhooks.rotateSecret(endpoint.webhookId);
  sending.send();
  await sending.webhooks.test(endpoint.webhookId);
  const got = await eventually('the test', WITHIN, () => shop.received[0]);
  expect(isSignedBy(secret, got)).toBe(true);
  expect(isSignedBy(rotated?.secret ?? '', got)).toBe(true);
  expect(String(got.headers['webhook-signature']).split(' ')).toHaveLength(2);
  await sending.journal.pool.query('UPDATE webhook_endpoints SET old_secret_until = clock_timestamp()');
  await sending.webhooks.test(endpoint.webhookId);
  const later = await eventually('the next test', WITHIN, () => shop.received[1]);
  expect(isSignedBy(secret, later)).toBe(false);
  expect(isSignedBy(rotated?.secret ?? '', later)).toBe(true);
});

it('sends a delivered message again on request, under the same webhook-id and with the same body', async () => {
  const shop = await sending.receiver();
  const { endpoint } = await sending.register(shop.url);
  sending.send();
  await sending.append('1', order('1', ended('COMPLETED')));
  const [first] = await eventually('the message', WITHIN, () => shop.received.length === 1 && shop.received);
  const [delivery] = await eventually('its delivery to be noted', WITHIN, async () => {
    const all = await sending.deliveries(endpoint);
    return all[0]?.state === 'delivered' && all;
  });
  await sending.webhooks.resend(endpoint.webhookId, delivery?.deliveryId ?? '');
  await eventually('the message again', WITHIN, () => shop.received.length === 2);
  expect(shop.received.map(({ id, body }) => [id, body])).toEqual([
    [first?.id, first?.body],
    [first?.id, first?.body],
  ]);
});

it('gives a message back when its process is stopped: the next sender sends it at once', async () => {
  const shop = await sending.receiver();
  shop.answer = hang;
  const { endpoint } = await sending.register(shop.url);
  const first = sending.send({ within: 60_000 });
  await sending.append('1', order('1', ended('COMPLETED')));
  await eventually('the attempt', WITHIN, () => shop.received.length === 1);
  await first.stop();
  shop.answer = status(200);
  sending.send();
  await eventually('the delivery', WITHIN, async () => (await sending.deliveries(endpoint))[0]?.state === 'delivered');
  expect(new Set(shop.received.map(({ id }) => id)).size).toBe(1);
});
