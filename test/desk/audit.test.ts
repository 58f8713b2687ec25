/** The audit and the permissions as the API shows them, while decisions are made, refused and denied (rule 49). */
import { createHash } from 'node:crypto';
import http from 'node:http';
import { createApp } from '../../src/api/app.js';
import { createAuthenticate } from '../../src/api/http/authenticate.js';
import { createExecute } from '../../src/commands/execute.js';
import type { Caller, Role } from '../../src/caller.js';
import { openReader } from '../../src/journal/read/open-reader.js';
import { listen, stop, urlOf } from '../api/listening.js';
import { openWorkingShop, sagaOf, type WorkingShop } from '../api/working-shop.js';
import { eventually } from '../support/eventually.js';

const hash = (key: string): string => createHash('sha256').update(key).digest('hex');
const apiKeys = (['customer', 'operator', 'admin'] as const).map((role) => ({ name: role, role, hash: hash(role) }));
const as = (role: Role) => ({ 'x-api-key': role });

let running: WorkingShop;
beforeAll(async () => {
  running = await openWorkingShop();
});
afterAll(() => running?.close());

interface Row {
  readonly [name: string]: unknown;
}

const auditOf = async (query: string): Promise<readonly Row[]> => {
  const answer = await running.api.request('GET', `/api/audit?${query}`);
  expect(answer.status).toBe(200);
  return answer.body['items'] as Row[];
};
const resolve = (orderId: string, body: object) =>
  running.api.post(`/api/sagas/${sagaOf(orderId)}/steps/reserve_inventory/resolve`, body);

it('shows who has decided what, why, with which outcome: in the audit and at the saga itself (rule 49)', async () => {
  await running.block('audited');
  const refused = await resolve('audited', { action: 'block', reason: 'stop', actor: 'olga', requestId: 'a-1' });
  expect(refused.status).toBe(409);
  running.shop.allowRelease('audited');
  const accepted = await resolve('audited', {
    action: 'retry',
    reason: 'stock is back',
    actor: 'olga',
    requestId: 'a-2',
  });
  expect(accepted.status).toBe(200);
  const rows = await auditOf(`sagaId=${sagaOf('audited')}`);
  const common = { door: 'api', actor: 'olga', kind: 'unknown', sagaId: sagaOf('audited'), step: 'reserve_inventory' };
  expect(rows).toMatchObject([
    { ...common, action: 'retry', reason: 'stock is back', requestId: 'a-2', outcome: 'accepted', code: null },
    { ...common, action: 'block', reason: 'stop', requestId: 'a-1', outcome: 'refused', code: 'NotApplicable' },
  ]);
  const own = await running.api.request('GET', `/api/sagas/${sagaOf('audited')}/decisions`);
  expect(own.body['items']).toEqual(rows);
  // The saga's own event says nothing twice.
  await eventually('the end', 20_000, async () => (await running.statusOf('audited'))?.state === 'FAILED');
  expect(await auditOf(`sagaId=${sagaOf('audited')}`)).toHaveLength(2);
});

it('records each saga of a bulk decision and the decision itself; a dry run is none (rule 49)', async () => {
  await running.block('bulk-1');
  const body = { bulkId: 'bulk', filter: { blockedOn: 'reserve_inventory' }, action: 'retry', reason: 'all again' };
  await running.api.post('/api/sagas/resolve', { ...body, dryRun: true });
  expect(await auditOf(`sagaId=${sagaOf('bulk-1')}`)).toEqual([]);
  running.shop.allowRelease('bulk-1');
  await running.api.post('/api/sagas/resolve', body);
  expect(await auditOf(`sagaId=${sagaOf('bulk-1')}`)).toMatchObject([
    { action: 'retry', requestId: `bulk:${sagaOf('bulk-1')}`, outcome: 'accepted' },
  ]);
  expect(await auditOf('action=resolveSagas')).toMatchObject([
    { requestId: 'bulk', sagaId: null, outcome: 'accepted' },
  ]);
});

it('records a decision of Kafka once, whatever its attempts, and what it was refused with (rule 49)', async () => {
  await running.fulfil('by-kafka');
  const execute = createExecute(running.api.deps);
  const caller: Caller = {
    id: 'command-key:shop',
    roles: ['operator'],
    actor: 'shop',
    customerId: undefined,
    namesOrders: true,
    expiresAt: undefined,
  };
  const request = { reason: 'other', actor: 'shop' } as const;
  const command = { command: 'CancelOrder', orderId: 'by-kafka', sagaId: sagaOf('by-kafka'), request } as const;
  for (const _attempt of [1, 2]) {
    await expect(execute(command, { caller, commandId: 'k-1', correlationId: 'c-1' })).rejects.toMatchObject({
      code: 'AlreadyFulfilled',
    });
  }
  expect(await auditOf(`sagaId=${sagaOf('by-kafka')}`)).toMatchObject([
    { door: 'kafka', actor: 'shop', kind: 'machine', action: 'cancel', outcome: 'refused', code: 'AlreadyFulfilled' },
  ]);
});

it('writes the audit as NDJSON and as CSV, all pages; what a spreadsheet would compute is text (rule 49)', async () => {
  const formula = '=HYPERLINK("http://example","x")';
  await resolve('nowhere', { action: 'retry', reason: formula, actor: 'csv', requestId: 'e-1' });
  const ndjson = await running.api.request('GET', '/api/audit/export?actor=csv');
  expect(ndjson.headers.get('content-type')).toMatch('application/x-ndjson');
  const rows = ndjson.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
  expect(rows).toEqual(await auditOf('actor=csv'));
  expect(rows).toMatchObject([{ outcome: 'refused', code: 'SagaNotFound', reason: formula }]);
  const csv = await running.api.request('GET', '/api/audit/export?actor=csv&format=csv');
  expect(csv.headers.get('content-type')).toMatch('text/csv');
  const [head, line, ...more] = csv.text.split('\r\n');
  expect(head).toMatch(/^at,outcome,code,action,sagaId,/);
  expect(line).toContain(`"'=HYPERLINK(""http://example"",""x"")"`);
  expect(more).toEqual(['']);
});

describe('with authentication', () => {
  let secured: WorkingShop;
  beforeAll(async () => {
    secured = await openWorkingShop({ more: { authenticate: createAuthenticate({ apiKeys }) } });
  });
  afterAll(() => secured?.close());

  const list = async (query: string) =>
    (await secured.api.request('GET', `/api/audit?${query}`, { headers: as('operator') })).body['items'] as Row[];

  it('records denials of known callers, and names no customer; who sends no credentials fills no table (rules 33, 49)', async () => {
    const decide = (headers: Record<string, string>) =>
      secured.api.post('/api/sagas/order-x/steps/reserve_inventory/resolve', { action: 'retry', reason: 'r' }, headers);
    expect((await decide(as('customer'))).status).toBe(403);
    expect((await decide({})).status).toBe(401);
    expect((await decide({ 'x-api-key': 'stolen' })).status).toBe(401);
    expect(await list('outcome=denied')).toMatchObject([
      {
        actor: 'customer',
        kind: 'customer',
        action: 'resolve',
        sagaId: 'order-x',
        step: 'reserve_inventory',
        code: 'Forbidden',
      },
    ]);
    const cancel = await secured.api.post('/api/orders/other/cancel', { reason: 'other' }, as('customer'));
    expect(cancel.status).toBe(404);
    expect(await list('sagaId=order-other')).toMatchObject([
      { actor: 'customer', outcome: 'refused', code: 'OrderNotFound' },
    ]);
    expect((await secured.api.request('GET', '/api/audit', { headers: as('customer') })).status).toBe(403);
  });

  it('says what a caller may do, and for what not, why not: and the API answers so (rule 49)', async () => {
    for (const role of ['customer', 'operator'] as const) {
      const { body } = await secured.api.request('GET', '/api/permissions', { headers: as(role) });
      const items = body['items'] as {
        operation: string;
        method: string;
        path: string;
        allowed: boolean;
        why: object | null;
      }[];
      expect(items.length).toBeGreaterThan(15);
      for (const { method, path, allowed, why } of items.filter(({ path }) => !/stream/.test(path))) {
        const init = { method, headers: { ...as(role), 'content-type': 'application/json' } };
        const answer = await fetch(`${secured.api.url}${path.replaceAll(/\{\w+\}/g, 'order-none')}`, {
          ...init,
          ...(method === 'POST' && { body: '{}' }),
        });
        await answer.body?.cancel();
        expect([role, method, path, answer.status === 403]).toEqual([role, method, path, !allowed]);
        expect(why === null).toBe(allowed);
      }
    }
    const { body } = await secured.api.request('GET', '/api/permissions', { headers: as('customer') });
    expect(body['items']).toContainEqual(
      expect.objectContaining({
        operation: 'resolveStep',
        decides: 'resolve',
        why: { code: 'Forbidden', reason: 'RoleMissing', needs: ['operator', 'admin'] },
      }),
    );
    expect(body['items']).toContainEqual(
      expect.objectContaining({ operation: 'cancelOrder', allowed: true, limitedTo: 'ownOrders', why: null }),
    );
  });
});

it('lets an operator decide while the journal is away, and has the decision once it is back (rules 18 and 49)', async () => {
  const orders = { list: async () => [] };
  const away = openReader({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', orders });
  const cut = await openWorkingShop();
  try {
    await cut.block('away');
    cut.shop.allowRelease('away');
    const server = await listen(http.createServer(createApp({ ...cut.api.deps, journal: away })));
    const decided = await fetch(`${urlOf(server)}/api/sagas/${sagaOf('away')}/steps/reserve_inventory/resolve`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'retry', reason: 'stock is back', actor: 'olga', requestId: 'w-1' }),
    });
    expect(decided.status).toBe(200);
    await stop(server);
    await cut.endOf('away');
    const rows = await eventually('the saga’s own word in the audit', 20_000, async () => {
      const { items } = await cut.api.deps.journal.audit.list({ sagaId: sagaOf('away') }, { limit: 5 });
      return items.length > 0 && items;
    });
    expect(rows).toMatchObject([
      { door: 'saga', actor: 'olga', action: 'retry', requestId: 'w-1', outcome: 'accepted' },
    ]);
  } finally {
    await away.close();
    await cut.close();
  }
});
