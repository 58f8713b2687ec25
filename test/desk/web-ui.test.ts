/** What Temporal's Web UI shows of orders, in a real browser: the picture in the README is taken by the same steps. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { findTemporal } from '../../src/local/temporal/finder.js';
import { isRunning } from '../../src/local/machine/processes.js';
import { build, type RunningSystem, startSystem } from '../journey/running-system.js';
import { placeOrder, verdict } from '../journey/shop.js';
import { openBrowser, openPage } from './browser.js';

const ANTARCTICA = { name: 'Demo Customer', street: 'Ice 1', city: 'McMurdo', postalCode: '0000', country: 'AQ' };
/** So wide that the Web UI shows all columns of an order's head. */
const VIEWPORT = { width: 1500, height: 1000 };

const dataDir = mkdtempSync(path.join(os.tmpdir(), 'unwind-desk-'));
let system: RunningSystem;
let browser: Browser;
let webUi: string;
let undone: string;
let completed: string;

beforeAll(async () => {
  // First of all: a machine without a browser is named before anything is started.
  browser = await openBrowser();
  build();
  await findTemporal({ notice: (sentence) => process.stderr.write(`  ${sentence}\n`), env: process.env });
  system = startSystem(dataDir);
  await system.line(/^ready$/);
  webUi = (await system.line(/^ +Temporal UI +http/)).replace(/^ +Temporal UI +/, '');
  undone = await placeOrder(system, { orderId: 'to-antarctica', shippingAddress: ANTARCTICA });
  completed = await placeOrder(system, { orderId: 'to-the-customer' });
  expect(await verdict(system, undone)).toMatchObject({ state: 'FAILED', reason: 'AddressNotServiceable' });
  expect(await verdict(system, completed)).toMatchObject({ state: 'COMPLETED' });
}, 900_000);

afterAll(async () => {
  await browser?.close();
  if (system && isRunning(system.pid)) system.signal('SIGTERM');
  await system?.ended;
  rmSync(dataDir, { recursive: true, force: true });
});

/** A page of the Web UI, which remembers that its menu is folded: the picture has room for the order. */
async function openWebUi(): Promise<Page> {
  const page = await openPage(browser, VIEWPORT);
  await page.addInitScript("localStorage.setItem('navOpen', 'false')");
  return page;
}

/** The labels of the timeline's bars, from top to bottom: the activity's type and its summary. */
async function barsOf(page: Page): Promise<string[]> {
  const bars = page.getByText(/^\w+ • /).filter({ visible: true });
  const placed = await Promise.all(
    (await bars.all()).map(async (bar) => ({ label: await bar.innerText(), top: (await bar.boundingBox())?.y ?? 0 })),
  );
  return placed.sort((a, b) => a.top - b.top).map(({ label }) => label);
}

/** The ids of the workflows that the Web UI lists for a query of Temporal's. */
async function listed(page: Page, query: string): Promise<string[]> {
  await page.goto(`${webUi}/namespaces/default/workflows?query=${encodeURIComponent(query)}`);
  const orders = page.getByRole('table').getByRole('link', { name: /^order-/ });
  await orders.first().waitFor();
  return await orders.allInnerTexts();
}

describe("Temporal's Web UI", () => {
  it('tells in the timeline of an order that was undone what was undone, in the order in which it was', async () => {
    const page = await openWebUi();
    await page.goto(`${webUi}/namespaces/default/workflows/${undone}`);
    await page.getByText('sendCancellationNotice • ').first().waitFor();
    expect(await barsOf(page)).toEqual([
      'sendCancellationNotice • send_cancellation_notice',
      'releaseReservation • UNDO reserve_inventory: release the stock',
      'refundPayment • UNDO process_payment: refund 42.00 EUR',
      'createShipment • create_shipment',
      'processPayment • process_payment: charge 42.00 EUR',
      'reserveInventory • reserve_inventory',
    ]);
    // The result stands above it: a green *Completed* alone would be taken for an order that was delivered.
    expect(await page.getByText('"FAILED"').first().isVisible()).toBe(true);
    expect(await page.getByText('"AddressNotServiceable"').first().isVisible()).toBe(true);

    const pictures = process.env['UNWIND_PICTURES'] ?? path.join(dataDir, 'pictures');
    mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: path.join(pictures, 'compensated-order.png') });
  });

  it("lists orders by their saga's state, not by Temporal's own status", async () => {
    const page = await openWebUi();
    expect(await listed(page, 'SagaState="FAILED"')).toEqual([undone]);
    expect(await listed(page, 'SagaState="COMPLETED"')).toEqual([completed]);
  });
});
