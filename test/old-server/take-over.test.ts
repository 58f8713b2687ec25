/** A data folder that server 1.29.1 has made is taken over by today's: yesterday's orders are known, and go on. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isRunning } from '../../src/local/machine/processes.js';
import { findTemporal } from '../../src/local/temporal/finder.js';
import { build, type RunningSystem, startSystem } from '../journey/running-system.js';
import { armFault, effectOf, placeOrder, sagaStatus, verdict } from '../journey/shop.js';
import { environmentOf } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { OLD_SERVER } from './old-server.js';

const dataDir = mkdtempSync(path.join(os.tmpdir(), 'unwind-take-over-'));
const oldPath = process.env['PATH'] ?? '';
const todaysPath = oldPath
  .split(path.delimiter)
  .filter((folder) => folder !== environmentOf('UNWIND_OLD_SERVER'))
  .join(path.delimiter);
let system: RunningSystem;

beforeAll(async () => {
  build();
  // Fetched now rather than while the system starts.
  await findTemporal({ notice: () => undefined, env: { ...process.env, PATH: todaysPath } });
}, 900_000);

afterAll(async () => {
  if (system && isRunning(system.pid)) system.signal('SIGTERM');
  await system?.ended;
  rmSync(dataDir, { recursive: true, force: true });
});

/** Starts everything on the folder, and returns what it says of Temporal. */
async function start(searched: string): Promise<string> {
  system = startSystem(dataDir, { PATH: searched, SAGA_ATTEMPT_TIMEOUT: '3s' });
  await system.line(/^ +logs/);
  return await system.line(/^temporal +up/);
}

async function stop(): Promise<void> {
  system.signal('SIGTERM');
  expect(await system.ended).toBe(0);
}

it(`orders of server ${OLD_SERVER} are known to today's server, and those under way are brought to their end`, async () => {
  expect(await start(oldPath)).toContain(`Server ${OLD_SERVER}`);
  const completed = await placeOrder(system);
  expect((await verdict(system, completed)).state).toBe('COMPLETED');
  await armFault(system, 'shipping', { mode: 'unavailable', times: 1_000_000 });
  const underWay = await placeOrder(system);
  await eventually('the parcel to be asked for', 30_000, async () => {
    const { steps } = await sagaStatus(system, underWay);
    return steps?.find(({ name }) => name === 'create_shipment')?.status === 'executing';
  });
  const before = await sagaStatus(system, completed);
  await stop();

  expect(await start(todaysPath)).not.toContain(`Server ${OLD_SERVER}`);
  expect(await sagaStatus(system, completed)).toEqual(before);
  expect((await verdict(system, underWay, 90_000)).state).toBe('COMPLETED');
  expect(await effectOf(system, 'shipping', 'shipments', underWay)).toBe('applied');
  await stop();
}, 300_000);
