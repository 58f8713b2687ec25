/** A stream that a browser can open: by a ticket in its address, for `EventSource` sends no header (A4). */
import http from 'node:http';
import { createHash, randomBytes } from 'node:crypto';
import { EncryptJWT } from 'jose';
import { createApp } from '../../../src/api/app.js';
import { createAuthenticate } from '../../../src/api/http/authenticate.js';
import { openJournal } from '../../../src/journal/write/journal.js';
import { batchOf, entriesOf, GIVEN_UP, HAPPY } from '../../journal/entries.js';
import { databaseUrl } from '../../support/database.js';
import type { TestEnv } from '../../support/temporal.js';
import { runIssuer, type Issuer } from '../issuer.js';
import { listen, stop, urlOf } from '../listening.js';
import { runApi, type RunningApi } from '../running-api.js';
import { createWarmServer } from '../warm-server.js';

const MIA = 'mia@example.com';
const EVENTS = [...HAPPY, ...GIVEN_UP];

let temporal: TestEnv;
let issuer: Issuer;
let api: RunningApi;
/** Another process of the API on the same database. */
let other: http.Server;

const as = async (sub: string, more: object = {}): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await issuer.token({ sub, ...more })}`,
});

beforeAll(async () => {
  temporal = await createWarmServer();
  issuer = await runIssuer();
  const hash = createHash('sha256').update('key').digest('hex');
  const apiKeys = [{ name: 'console', role: 'operator' as const, hash }];
  const authenticate = createAuthenticate({ tokens: issuer.options, apiKeys });
  api = await runApi({ temporal: temporal.client, more: { authenticate } });
  other = await listen(http.createServer(createApp(api.deps)));
  const journal = openJournal({
    databaseUrl: databaseUrl(),
    schema: api.journalSchema,
    askRun: async () => ({ standing: 'superseded' }),
  });
  const staff = await as('root', { roles: ['admin'] });
  for (const orderId of ['1', '2']) {
    const order = { orderId, customerId: MIA, items: [{ productId: '123', quantity: 1 }] };
    expect((await api.post('/api/orders', order, staff)).status).toBe(202);
    await journal.append(batchOf(`order-${orderId}`, entriesOf(EVENTS)));
  }
  await journal.close();
});
afterAll(async () => {
  await stop(other);
  await api?.close();
  await issuer?.close();
  await temporal?.close();
});

async function ticketOf(headers: Record<string, string>, saga = 'order-1') {
  const answer = await api.post(`/api/sagas/${saga}/stream-tickets`, {}, headers);
  const stream = String(answer.body['stream']);
  return { answer, stream, ticket: new URL(stream, api.url).searchParams.get('ticket') ?? '' };
}

/** As an `EventSource` opens it: no headers of ours. */
async function listenTo(base: string, path: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${base}${path}`, { headers: { accept: 'text/event-stream', ...headers } });
  const text = await answer.text();
  const reason = /"reason":"(\w+)"/.exec(text)?.[1];
  return { status: answer.status, reason, ids: [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)) };
}

it('(A4) a ticket opens the stream of its saga without any header, at every process of the API', async () => {
  const { answer, stream } = await ticketOf(await as(MIA));
  expect([answer.status, answer.headers.get('location')]).toEqual([201, stream]);
  const left = Date.parse(String(answer.body['expiresAt'])) - Date.now();
  expect(left > 0 && left <= 60_000).toBe(true);
  for (const base of [api.url, urlOf(other), api.url]) {
    const { status, ids } = await listenTo(base, stream);
    expect([status, ids.length]).toEqual([200, EVENTS.length]);
  }
});

it('(A4) a stream goes on behind the last event: by the header of the browser, or by `after` with a new ticket', async () => {
  const { stream } = await ticketOf({ 'x-api-key': 'key' });
  const { ids } = await listenTo(api.url, stream);
  const [third = 0, fifth = 0] = [ids[2], ids[4]];
  expect((await listenTo(api.url, stream, { 'last-event-id': String(third) })).ids).toEqual(ids.slice(3));
  const again = (await ticketOf({ 'x-api-key': 'key' })).stream;
  expect((await listenTo(api.url, `${again}&after=${third}`)).ids).toEqual(ids.slice(3));
  // The browser repeats the address that it knows, and says how far it has come since.
  const both = await listenTo(api.url, `${again}&after=${third}`, { 'last-event-id': String(fifth) });
  expect(both.ids).toEqual(ids.slice(5));
  expect((await listenTo(api.url, `${again}&after=${ids.at(-1)}`)).status).toBe(204);
});

it('(A4) a ticket is for one stream: not for that of another saga, and for nothing else', async () => {
  const { ticket } = await ticketOf({ 'x-api-key': 'key' });
  const refused = await listenTo(api.url, `/api/sagas/order-2/stream?ticket=${ticket}`);
  expect(refused).toMatchObject({ status: 401, reason: 'TicketNotValid' });
  for (const path of ['/api/orders', '/api/sagas/order-1/events', '/api/sagas/order-1/status', '/api/sagas']) {
    expect((await api.request('GET', `${path}?ticket=${ticket}`)).status).toBe(401);
  }
  expect((await api.request('POST', `/api/sagas/order-1/stream-tickets?ticket=${ticket}`)).status).toBe(401);
  const twice = await listenTo(api.url, `/api/sagas/order-1/stream?ticket=${ticket}`, { 'x-api-key': 'key' });
  expect(twice).toMatchObject({ status: 401, reason: 'TwoCredentials' });
});

it('(A4) a customer gets a ticket for its own sagas only, and none without credentials', async () => {
  expect((await ticketOf(await as('bob'))).answer.status).toBe(404);
  expect((await ticketOf({})).answer.status).toBe(401);
  expect((await ticketOf(await as(MIA, { roles: [] }))).answer.status).toBe(403);
});

it('(A4) a ticket that was changed, made up, or has lapsed is refused with its reason', async () => {
  const { ticket } = await ticketOf({ 'x-api-key': 'key' });
  const key = await api.orders.sharedKey('stream-tickets');
  const made = (claims: object, until: number, by: Uint8Array = key, enc = 'A256GCM') =>
    new EncryptJWT({ caller: { id: 'x', roles: ['admin'] }, ...claims })
      .setProtectedHeader({ alg: 'dir', enc })
      .setAudience('stream of order-1')
      .setExpirationTime(until)
      .encrypt(by);
  const now = Math.floor(Date.now() / 1_000);
  const parts = ticket.split('.');
  const lapsedCaller = { caller: { id: 'x', roles: ['admin'], expiresAt: Date.now() - 1 } };
  const bad = [
    await made({}, now - 6),
    await made({}, now + 60, new Uint8Array(randomBytes(32))),
    await made(lapsedCaller, now + 60),
    ...parts.map((part, index) => parts.with(index, `${part.slice(0, -2)}AA`).join('.')),
    'garbage',
    '....',
    'a.b.c',
    ' ',
    ticket.slice(0, -5),
    await issuer.token(),
    ticket.toUpperCase(),
  ];
  for (const each of bad) {
    const answer = await listenTo(api.url, `/api/sagas/order-1/stream?ticket=${encodeURIComponent(each)}`);
    expect([each, answer.status, answer.reason]).toEqual([each, 401, 'TicketNotValid']);
  }
  const good = await listenTo(api.url, `/api/sagas/order-1/stream?ticket=${await made({}, now + 60)}`);
  expect(good.status).toBe(200);
});

it('(A4) a ticket shows no caller, and neither it nor the caller gets into the log', async () => {
  const { ticket, stream } = await ticketOf(await as(MIA));
  const readable = ticket.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  expect(readable.join(' ')).not.toMatch(/mia|example|customer/);
  await listenTo(api.url, stream);
  expect(api.log.at(-1)).toMatchObject({ req: { path: '/api/sagas/{sagaId}/stream' }, res: { status: 200 } });
  expect(JSON.stringify(api.log)).not.toContain(ticket);
  expect(JSON.stringify(api.log)).not.toMatch(/mia|example\.com/);
});

it('(A4) a key that is deleted is made again, and the tickets of the old one are refused', async () => {
  const { stream } = await ticketOf({ 'x-api-key': 'key' });
  await api.sql('DELETE FROM shared_keys');
  const fresh = await listen(http.createServer(createApp(api.deps)));
  expect(await listenTo(urlOf(fresh), stream)).toMatchObject({ status: 401, reason: 'TicketNotValid' });
  await stop(fresh);
  expect(await api.sql('SELECT length(key) AS n FROM shared_keys')).toEqual([{ n: 32 }]);
});
