/** The page of the API's operations, as a person uses it in a real browser. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { findTemporal } from '../../src/local/temporal/finder.js';
import { isRunning } from '../../src/local/machine/processes.js';
import { build, type RunningSystem, startSystem } from '../journey/running-system.js';
import { openBrowser, openPage } from './browser.js';

const VIEWPORT = { width: 1300, height: 1000 };

const dataDir = mkdtempSync(path.join(os.tmpdir(), 'unwind-docs-'));
let system: RunningSystem;
let browser: Browser;
let docs: string;
/** What the browser complains of: refused by the page's policy, not found, thrown. */
const complaints: string[] = [];

beforeAll(async () => {
  browser = await openBrowser();
  build();
  await findTemporal({ notice: (sentence) => process.stderr.write(`  ${sentence}\n`), env: process.env });
  system = startSystem(dataDir);
  await system.line(/^ready$/);
  docs = (await system.line(/^ +API docs +http/)).replace(/^ +API docs +/, '');
}, 900_000);

afterAll(async () => {
  await browser?.close();
  if (system && isRunning(system.pid)) system.signal('SIGTERM');
  await system?.ended;
  rmSync(dataDir, { recursive: true, force: true });
});

async function openDocs(): Promise<Page> {
  const page = await openPage(browser, VIEWPORT);
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(docs);
  await page.getByRole('heading', { name: /^Unwind/ }).waitFor();
  return page;
}

describe('the page /docs', () => {
  it('lists every operation of the document, with nothing that its policy refuses', async () => {
    const page = await openDocs();
    const { paths } = (await (await fetch(new URL('/openapi.json', docs))).json()) as {
      paths: Record<string, Record<string, { operationId: string }>>;
    };
    const ids = Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
    expect(ids.length).toBeGreaterThan(15);
    const shown = page.locator('.opblock');
    await shown.nth(ids.length - 1).waitFor();
    const listed = await shown.evaluateAll((blocks) => blocks.map((block) => block.id.replace(/^.*-/, '')));
    expect([listed.length, new Set(listed)]).toEqual([ids.length, new Set(ids)]);
    expect(complaints).toEqual([]);
  });

  it('shows the parameters and the headers of an operation', async () => {
    const page = await openDocs();
    await page.locator('[id$="-placeOrder"]').click();
    const operation = page.locator('[id$="-placeOrder"]');
    await operation.locator('.parameters-container').waitFor();
    for (const header of ['idempotency-key', 'prefer', 'x-correlation-id']) {
      expect(await operation.getByText(header, { exact: true }).first().isVisible()).toBe(true);
    }
    await page.locator('[id$="-listOrders"] .opblock-summary').click();
    const list = page.locator('[id$="-listOrders"]');
    await list.locator('.parameters-container').waitFor();
    expect(await list.getByText('waitsForApproval', { exact: true }).first().isVisible()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('places an order by *Try it out*', async () => {
    const page = await openDocs();
    const operation = page.locator('[id$="-placeOrder"]');
    await operation.locator('.opblock-summary').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    const answered = page.waitForResponse((response) => response.request().method() === 'POST');
    await operation.getByRole('button', { name: 'Execute' }).click();
    const answer = await answered;
    // The example asks the API to wait for the outcome: 200 if it comes in time.
    expect([200, 202]).toContain(answer.status());
    const status = operation.locator('.live-responses-table .response-col_status');
    await status.getByText(String(answer.status())).first().waitFor();
    const { orderId } = (await answer.json()) as { orderId: string };
    const order = await fetch(new URL(`/api/orders/${orderId}`, docs));
    expect(order.status).toBe(200);
    expect(complaints).toEqual([]);
  });
});
