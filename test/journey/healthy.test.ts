/** A healthy system: what it logs, who may read it, and one order's way through the logs of all processes. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { eventually } from '../support/eventually.js';
import { build, type RunningSystem, startSystem } from './running-system.js';
import { verdict } from './shop.js';

const COMPONENTS = [
  'api',
  'background',
  'worker',
  'payment',
  'inventory',
  'shipping',
  'notification',
  'postgres',
  'temporal',
];
const CORRELATION = 'the-one-order';

const parent = mkdtempSync(path.join(os.tmpdir(), 'unwind-healthy-'));
const dataDir = path.join(parent, 'data');
const logs = path.join(dataDir, 'logs');
let system: RunningSystem;

const entry = z.object({
  level: z.union([z.number(), z.string()]),
  msg: z.string(),
  correlationId: z.string().optional(),
});

const entriesOf = (component: string) =>
  readFileSync(path.join(logs, `${component}.log`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => entry.parse(JSON.parse(line)));

/** As an earlier release left it: readable for everybody. */
function leaveOldFolder(): void {
  mkdirSync(logs, { recursive: true });
  for (const folder of [dataDir, logs]) chmodSync(folder, 0o755);
  for (const file of ['database-url', 'logs/api.log.1']) writeFileSync(path.join(dataDir, file), '{}', { mode: 0o644 });
}

beforeAll(async () => {
  build();
  leaveOldFolder();
  system = startSystem(dataDir, { API_DRAIN_TIME: '10s' }, 'umask 022; exec node scripts/unwind.mjs start');
  await system.line(/^ +logs/);
  const placed = await fetch(`${system.urlOf('api')}/api/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-correlation-id': CORRELATION },
    body: JSON.stringify({ items: [{ productId: '123', quantity: 1 }] }),
  });
  expect(placed.status).toBe(202);
  const { sagaId } = z.object({ sagaId: z.string() }).parse(await placed.json());
  expect((await verdict(system, sagaId)).state).toBe('COMPLETED');
}, 900_000);

afterAll(async () => {
  system.signal('SIGTERM');
  await system.ended;
  rmSync(parent, { recursive: true, force: true });
});

describe('a healthy system', () => {
  it.each(COMPONENTS)('logs JSON alone, and nothing at warn or above: %s (L3)', (component) => {
    const entries = entriesOf(component);
    if (component !== 'temporal') expect(entries.length).toBeGreaterThan(0);
    const loud = entries.filter(({ level }) =>
      typeof level === 'number' ? level >= 40 : /warn|error|fatal/i.test(level),
    );
    expect(loud).toEqual([]);
  });

  it('shows no warning on the terminal: a line for each component, and what is ready (L3)', () => {
    const others = system.lines.filter((line) => !/^(\w+ +(up|made a new database) |ready$| {2}\S)/.test(line));
    expect(others.filter((line) => !line.startsWith('temporal '))).toEqual([]);
  });

  it.each(['api', 'worker', 'payment', 'inventory', 'shipping', 'notification'])(
    'logs the correlation id of the request in %s, so that one id finds an order in every process',
    async (component) => {
      await eventually(`a line of ${component}`, 10_000, () =>
        entriesOf(component).some(({ correlationId }) => correlationId === CORRELATION),
      );
    },
  );

  it('lets no other user read anything in its folder, also what an earlier release has left (L5)', () => {
    const open = [dataDir, ...everythingIn(dataDir)].filter((file) => (statSync(file).mode & 0o077) !== 0);
    expect(open).toEqual([]);
  });
});

describe("the worker's health", () => {
  it('is green while it polls, at the address that its line names (O2)', async () => {
    const [, url = ''] =
      /health (http:\S+)/.exec(system.lines.findLast((line) => /^worker +up/.test(line)) ?? '') ?? [];
    const health = async () => (await fetch(url.replace('localhost', '127.0.0.1'))).status;
    expect(await health()).toBe(200);
  });
});

describe('an API that was asked to stop', () => {
  it('is not ready, and takes new connections until its time to drain has passed (A11)', async () => {
    const api = system.urlOf('api');
    const status = async (route: string): Promise<number> =>
      (await fetch(`${api}${route}`, { headers: { connection: 'close' } })).status;
    expect(await status('/health/ready')).toBe(200);
    const since = performance.now();
    process.kill(system.pidOf('api'), 'SIGTERM');
    await eventually('the API is not ready', 5_000, async () => (await status('/health/ready')) === 503);
    await eventually('twice the standard time to drain has passed', 10_000, async () => {
      expect(await status('/health/live')).toBe(200);
      return performance.now() - since > 2_000;
    });
  });
});

/** PostgreSQL's own folder is closed as a whole. */
function everythingIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((found) => {
    const file = path.join(folder, found.name);
    return found.isDirectory() && found.name !== 'postgres' ? [file, ...everythingIn(file)] : [file];
  });
}
