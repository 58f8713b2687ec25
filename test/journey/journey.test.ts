/** The whole system as a newcomer gets it: every process real, one of them killed on the way. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { findTemporal } from '../../src/local/temporal/finder.js';
import { isRunning } from '../../src/local/machine/processes.js';
import { eventually } from '../support/eventually.js';
import { build, type RunningSystem, startSystem } from './running-system.js';
import { armFault, effectOf, placeOrder, sagaStatus, verdict } from './shop.js';

const COMPONENTS = [
  'postgres',
  'temporal',
  'payment',
  'inventory',
  'shipping',
  'notification',
  'worker',
  'api',
  'background',
];

async function ordersIn(databaseUrl: string): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: number }>('SELECT count(*)::int AS count FROM unwind.orders');
    return rows[0]?.count ?? 0;
  } finally {
    await client.end();
  }
}

const pidsOf = (system: RunningSystem): number[] => COMPONENTS.map((name) => system.pidOf(name));

describe('the journey of an order through the running system', () => {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'unwind-journey-'));
  let system: RunningSystem;
  let completed: string;

  const start = async (): Promise<RunningSystem> => {
    system = startSystem(dataDir, { SAGA_ATTEMPT_TIMEOUT: '3s' });
    await system.line(/^ready$/);
    await system.line(/^ +logs/);
    return system;
  };

  beforeAll(async () => {
    build();
    // If the cache is empty this fetches the server first; as the last resort Go builds it, which takes minutes.
    await findTemporal({ notice: (sentence) => process.stderr.write(`  ${sentence}\n`), env: process.env });
    await start();
  }, 900_000);

  afterAll(async () => {
    if (isRunning(system.pid)) system.signal('SIGTERM');
    await system.ended;
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('names every component with its process, then prints ready with the addresses', async () => {
    for (const name of COMPONENTS) expect(isRunning(system.pidOf(name))).toBe(true);
    expect(new Set(pidsOf(system)).size).toBe(COMPONENTS.length);
    const health = await fetch(`${system.urlOf('api')}/health/ready`);
    expect(health.status).toBe(200);
    expect(system.lines.find((line) => line.includes('API docs'))).toMatch(/\/docs$/);
  });

  it('completes an order', async () => {
    completed = await placeOrder(system);
    expect((await verdict(system, completed)).state).toBe('COMPLETED');
    expect(await effectOf(system, 'payment', 'payments', completed)).toBe('applied');
  });

  it('compensates an order whose payment is declined', async () => {
    await armFault(system, 'payment', {});
    const sagaId = await placeOrder(system);
    expect((await verdict(system, sagaId)).state).toBe('FAILED');
    expect(await effectOf(system, 'inventory', 'reservations', sagaId)).toBe('undone');
    expect(await effectOf(system, 'payment', 'payments', sagaId)).toBe('refused');
  });

  it('completes an order although the worker is killed in the middle of it, and starts the worker again', async () => {
    await armFault(system, 'shipping', { mode: 'delay', delayMs: 1_500 });
    const sagaId = await placeOrder(system);
    await eventually(
      'the payment',
      15_000,
      async () => (await effectOf(system, 'payment', 'payments', sagaId)) === 'applied',
    );
    const from = system.lines.length;
    const killed = system.pidOf('worker');
    process.kill(killed, 'SIGKILL');
    await system.line(/^worker +it ended \(SIGKILL\)/, from);
    await system.line(/^worker +up again .* pid \d+$/, from);
    expect(system.pidOf('worker')).not.toBe(killed);
    expect((await verdict(system, sagaId)).state).toBe('COMPLETED');
    expect(await effectOf(system, 'shipping', 'shipments', sagaId)).toBe('applied');
  });

  it('goes on after PostgreSQL and Temporal were killed', async () => {
    const from = system.lines.length;
    process.kill(system.pidOf('postgres'), 'SIGKILL');
    process.kill(system.pidOf('temporal'), 'SIGKILL');
    await system.line(/^postgres +up again/, from);
    await system.line(/^temporal +up again/, from);
    const sagaId = await eventually('an accepted order', 20_000, () => placeOrder(system).catch(() => undefined));
    expect((await verdict(system, sagaId)).state).toBe('COMPLETED');
    expect((await sagaStatus(system, completed)).state).toBe('COMPLETED');
  });

  it('ends everything in order on Ctrl-C, with exit code 0, and knows its orders when it is started again', async () => {
    const orders = await ordersIn(system.databaseUrl());
    const pids = pidsOf(system);
    system.ctrlC();
    expect(await system.ended).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
    const stopped = system.lines.flatMap((line) => /^(\w+) +stopped$/.exec(line)?.[1] ?? []);
    expect(stopped.slice(0, 2).sort()).toEqual(['api', 'background']);
    expect(stopped[2]).toBe('worker');
    expect(stopped.slice(3, 7).sort()).toEqual(['inventory', 'notification', 'payment', 'shipping']);
    expect(stopped.slice(7)).toEqual(['temporal', 'postgres']);

    await start();
    expect(await ordersIn(system.databaseUrl())).toBe(orders);
    expect((await sagaStatus(system, completed)).state).toBe('COMPLETED');
  });
});
