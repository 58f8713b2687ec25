/** Whatever is sent, nothing that PostgreSQL refuses reaches it (A1): 400 with the field, and never a 500. */
import * as fc from 'fast-check';
import { openJournal } from '../../src/journal/write/journal.js';
import { batchOf, entriesOf, HAPPY } from '../journal/entries.js';
import { databaseUrl } from '../support/database.js';
import type { TestEnv } from '../support/temporal.js';
import { runApi, type Answer, type RunningApi } from './running-api.js';
import { createWarmServer } from './warm-server.js';

let temporal: TestEnv;
let api: RunningApi;

beforeAll(async () => {
  temporal = await createWarmServer();
  api = await runApi({ temporal: temporal.client });
  const journal = openJournal({
    databaseUrl: databaseUrl(),
    schema: api.journalSchema,
    askRun: async () => ({ standing: 'superseded' }),
  });
  for (const id of ['1', '2', '3']) {
    await api.post('/api/orders', { orderId: id, items: [{ productId: '123', quantity: 1 }] });
    await journal.append(batchOf(`order-${id}`, entriesOf(HAPPY)));
  }
  await journal.close();
});
afterAll(async () => {
  await api?.close();
  await temporal?.close();
});

/** Bytes of a query or path, so that halves of surrogate pairs and other broken UTF-8 can be sent as well. */
const percent = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const LONE = Uint8Array.from([0xed, 0xa0, 0x80]);

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value) ?? '').toString('base64url');

/** What has broken this and other systems, and what is right. */
const NASTY = [
  '',
  '0',
  '1',
  '-1',
  '1e3',
  '00',
  '1.5',
  '200',
  '201',
  '9007199254740993',
  '9223372036854775808',
  '１２',
  '2026-01-31T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '+275760-09-13T00:00:00.000Z',
  '2026-06-30T23:59:60Z',
  '2026-01-31T24:00:00Z',
  '2026-01-31T00:00:00+23:59',
  '2026-01-31T00:00:00-15:60',
  '10m',
  '999999999d',
  '999999999ms',
  '36500d',
  '36501d',
  '9999999999999h',
  '1y',
  '0s',
  'PENDING',
  'COMPLETED',
  'OrderFulfillment',
  'process_payment',
  'true',
  'demo-customer',
  'a\u0000b',
  '\u0000',
  '\u{1f4a9}',
  "'; DROP TABLE orders; --",
  '%',
  '\\',
  'infinity',
  'null',
  '__proto__',
  'x'.repeat(600),
  ...[
    ['1', 'x'],
    ['2026-01-31 00:00:00+00', 'a\u0000b'],
    ['2026-01-31 00:00:00+00', '\ud800'],
    ['infinity', 'x'],
  ].map(base64url),
  ...[['294277-01-01 00:00:00+00', 'x'], ['2026-01-31 00:00:00+99', 'x'], [1, 2], ['a'], {}, null, 7].map(base64url),
  ...[
    ['2026-01-31 00:00:00.123456+00', 'order-1'],
    ['2026-01-31T00:00:00.000000Z', '1'],
  ].map(base64url),
  Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]).toString('base64url'),
];

const sent = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...NASTY).map(encodeURIComponent) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }).map((text) => percent(Buffer.from(text))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map(percent) },
  { weight: 1, arbitrary: fc.constant(percent(LONE)) },
);

const LISTS: Readonly<Record<string, readonly string[]>> = {
  '/api/orders': [
    'state',
    'customerId',
    'productId',
    'waitsForApproval',
    'from',
    'to',
    'updatedFrom',
    'updatedTo',
    'cursor',
    'limit',
  ],
  '/api/events': ['type', 'after', 'cursor', 'limit'],
  '/api/sagas': ['state', 'type', 'blockedOn', 'olderThan', 'cursor', 'limit'],
  '/api/sagas/order-1/events': ['after', 'limit', 'allBranches'],
  '/api/sagas/order-1/status': ['fresh'],
};

const queries = fc
  .constantFrom(...Object.keys(LISTS))
  .chain((path) =>
    fc
      .array(fc.tuple(fc.constantFrom(...(LISTS[path] ?? [])), sent), { maxLength: 3 })
      .map((pairs) => ({ path, pairs, url: `${path}?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}` })),
  );

const fieldsOf = ({ body }: Answer): string[] =>
  ((body['errors'] ?? []) as { field: string }[]).map(({ field }) => field);

const PARAMETERS = Object.entries(LISTS).flatMap(([path, names]) => names.map((name) => [name, path] as const));

it.each(PARAMETERS)('(A1) no value of %s of %s is answered with a 500', async (name, path) => {
  for (const value of NASTY) {
    const answer = await api.request('GET', `${path}?${name}=${encodeURIComponent(value)}`);
    expect([value, answer.status]).toEqual([value, answer.status === 200 ? 200 : 400]);
    if (answer.status === 400) expect(fieldsOf(answer)).toEqual([name]);
  }
});

it('(A1) a query of any values is answered, or refused with the names of the parameters at fault', async () => {
  await fc.assert(
    fc.asyncProperty(queries, async ({ pairs, url }) => {
      const answer = await api.request('GET', url);
      expect([200, 400]).toContain(answer.status);
      if (answer.status === 200) return;
      expect(answer.body['code']).toBe('InvalidRequest');
      const fields = fieldsOf(answer);
      expect(fields).not.toEqual([]);
      for (const field of fields) expect(pairs.map(([name]) => name)).toContain(field);
    }),
    {
      numRuns: 300,
      // Whatever is drawn, each of the two answers is seen.
      examples: [
        [{ path: '/api/orders', pairs: [['limit', '1']], url: '/api/orders?limit=1' }],
        [{ path: '/api/orders', pairs: [['limit', 'x']], url: '/api/orders?limit=x' }],
      ],
    },
  );
});

it('(A1) any path, key, header and resume position is answered without a 500', async () => {
  const targets = fc.constantFrom(
    '/api/orders/{}',
    '/api/sagas/{}/status',
    '/api/sagas/{}/events',
    '/api/sagas/{}/stream',
    '/problems/{}',
  );
  await fc.assert(
    fc.asyncProperty(targets, sent, async (target, value) => {
      const answer = await api.request('GET', target.replace('{}', value));
      expect([200, 400, 404]).toContain(answer.status);
    }),
    { numRuns: 300 },
  );
  const visible = fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
  });
  await fc.assert(
    fc.asyncProperty(visible, async (value) => {
      const headers = { 'last-event-id': value, 'if-none-match': value, 'x-correlation-id': value, prefer: value };
      // Text that is a position would keep the stream open.
      if (/^\d{1,15}$/.test(value.trim()) || value.trim() === '') return;
      expect((await api.request('GET', '/api/sagas/order-1/stream', { headers })).status).toBe(400);
      expect([200, 304]).toContain((await api.request('GET', '/api/orders', { headers })).status);
      const placed = await api.post('/api/orders', ORDER, { 'idempotency-key': value });
      expect([202, 200, 400, 422]).toContain(placed.status);
    }),
    { numRuns: 100 },
  );
});

const ORDER = { items: [{ productId: '123', quantity: 1 }] };

/** Any text, also with what PostgreSQL's text and jsonb refuse. */
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\u0000', 'a\u0000b', '\ud800', 'a\udfff', '\ufffe', '\u{10ffff}', '', ' ', 'ä\n', 'x'.repeat(300)),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)), maxLength: 20 }),
);
const anything = fc.oneof({ weight: 4, arbitrary: texts }, { weight: 1, arbitrary: fc.jsonValue() });

it('(A1) a bulk decision with any filter lists what it would do, or is refused with the field', async () => {
  const filters = fc.dictionary(
    fc.constantFrom('state', 'type', 'blockedOn', 'olderThan', '__proto__', 'constructor'),
    fc.oneof(fc.constantFrom(...NASTY), anything),
    { maxKeys: 3 },
  );
  await fc.assert(
    fc.asyncProperty(filters, async (filter) => {
      const request = { filter, action: 'retry', reason: 'provider is back', dryRun: true };
      const answer = await api.post('/api/sagas/resolve', request);
      expect([200, 400]).toContain(answer.status);
      if (answer.status === 400) expect(fieldsOf(answer).join()).toMatch(/filter/);
    }),
    { numRuns: 300 },
  );
});

it('(A1) an order of any texts is stored as it was sent, or refused with the field', async () => {
  const orders = fc.record(
    {
      orderId: anything,
      customerId: anything,
      paymentMethod: anything,
      items: fc.oneof(
        fc.constant(ORDER.items),
        fc.array(fc.record({ productId: anything, quantity: fc.oneof(fc.integer(), fc.double(), texts) })),
      ),
      shippingAddress: fc.record({ name: texts, street: texts, city: texts, postalCode: texts, country: texts }),
    },
    { requiredKeys: ['items'] },
  );
  const streets = fc.record({ name: texts, street: texts, city: texts, postalCode: texts, country: fc.constant('AT') });
  const nearly = streets.map((shippingAddress) => ({ ...ORDER, shippingAddress }));
  await fc.assert(
    fc.asyncProperty(fc.oneof(orders, nearly), async (order) => {
      const answer = await api.post('/api/orders', order);
      expect([202, 400, 422]).toContain(answer.status);
      if (answer.status === 400) expect(fieldsOf(answer)).not.toEqual([]);
      if (answer.status !== 202 || !('shippingAddress' in order)) return;
      const stored = await api.orders.get(String(answer.body['orderId']));
      expect(stored?.shippingAddress).toEqual(order.shippingAddress);
    }),
    { numRuns: 500 },
  );
  // Texts that are allowed, whatever is drawn: each of these orders is kept.
  const allowed = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }).map((text) => `x${text}y`);
  const taken = fc.record({
    name: allowed,
    street: allowed,
    city: allowed,
    postalCode: fc.constant('1010'),
    country: fc.constant('AT'),
  });
  await fc.assert(
    fc.asyncProperty(taken, async (shippingAddress) => {
      const answer = await api.post('/api/orders', { ...ORDER, shippingAddress });
      expect([shippingAddress, answer.status]).toEqual([shippingAddress, 202]);
      expect((await api.orders.get(String(answer.body['orderId'])))?.shippingAddress).toEqual(shippingAddress);
    }),
    { numRuns: 30 },
  );
});
