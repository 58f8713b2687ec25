/** The journal's PostgreSQL, a server of its own, is stopped for ten seconds in the middle of 50 orders. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../src/platform/ports.js';
import { startPostgres, type Postgres } from '../../src/local/postgres/server.js';
import { resolve } from '../recording/bringing.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { openShop, type Shop } from '../workflows/shop.js';
import { expectAsTheWorkflow } from './as-the-workflow.js';

const ORDERS = 50;
const AWAY_MS = 10_000;

const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-journal-'));
let postgres: Postgres;
let shop: Shop;

const start = async (port: number): Promise<Postgres> =>
  startPostgres({
    dataDir: folder,
    port,
    durable: true,
    logFile: path.join(folder, 'postgres.log'),
    notice: () => undefined,
  });

beforeAll(async () => {
  postgres = await start(await freePort());
  shop = await openShop({ openServer: createDevServer, journal: { url: postgres.url } });
});
afterAll(async () => {
  await shop?.close();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const confirmed = async (sagaId: string): Promise<boolean> =>
  (await shop.ledgerOf('notification', `notifications/${sagaId}-confirmation`))['effect'] === 'applied';

it('orders go on to their end, which is stored when it is back, and nothing is missing or doubled when it is back', async () => {
  const sagaIds: string[] = [];
  const place = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left--) sagaIds.push(await shop.place());
  };
  await place(20);
  await shop.handleOf(sagaIds[0] ?? '').result();
  await postgres.stop();
  const away = pause(AWAY_MS);

  // A saga that rests while the journal is away, and is decided on: nobody waits for the database.
  await shop.arm('payment', { mode: 'refuse', operation: 'DELETE' });
  const shippingAddress = { name: 'Ann', street: 'Ice 1', city: 'McMurdo', postalCode: '1', country: 'AQ' };
  const blocked = await shop.place({ shippingAddress });
  await eventually('the block', 20_000, async () => (await shop.recordOf(blocked)).blockedOn === 'process_payment');
  await shop.disarm();
  await resolve(shop, blocked, 'process_payment', 'retry');
  await eventually('the refund', 20_000, async () => {
    return (await shop.ledgerOf('payment', `payments/${blocked}`))['status'] === 'undone';
  });

  await place(ORDERS - sagaIds.length);
  // Each has done everything that it has to do; its run stays open until its end is stored.
  for (const sagaId of sagaIds) await eventually(`the confirmation of ${sagaId}`, 20_000, () => confirmed(sagaId));
  expect((await shop.handleOf(sagaIds.at(-1) ?? '').describe()).status.name).toBe('RUNNING');
  await away;
  postgres = await start(postgres.port);

  await Promise.all([...sagaIds, blocked].map((sagaId) => shop.handleOf(sagaId).result()));
  for (const sagaId of [...sagaIds, blocked]) await expectAsTheWorkflow(shop, sagaId);
  const stored = (await shop.journal.reader.listSagas({}, { limit: 100 })).items;
  expect(stored).toHaveLength(ORDERS + 1);
  expect(stored.filter(({ state }) => state === 'COMPLETED')).toHaveLength(ORDERS);
  expect(stored.every(({ branch, behindGap }) => branch === 0 && !behindGap)).toBe(true);
  expect(shop.journal.changes.slice(0, 2)).toEqual(['away', 'back']);
  expect(await shop.differences()).toEqual([]);
});
