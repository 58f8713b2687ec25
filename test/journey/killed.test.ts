/** The whole system, killed as a whole: it is started again, and knows its orders. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hasEndedWithin, isRunning } from '../../src/local/machine/processes.js';
import { build, type RunningSystem, startSystem } from './running-system.js';
import { placeOrder, sagaStatus, verdict } from './shop.js';

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

const pidsOf = (system: RunningSystem): number[] => COMPONENTS.map((name) => system.pidOf(name));

describe('a system that is killed', () => {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'unwind-killed-'));
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
    await start();
    completed = await placeOrder(system);
    expect((await verdict(system, completed)).state).toBe('COMPLETED');
  }, 900_000);

  afterAll(async () => {
    if (isRunning(system.pid)) system.signal('SIGTERM');
    await system.ended;
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('leaves no Node process behind when the supervisor is killed, and ends the servers at the next start', async () => {
    const pids = pidsOf(system);
    system.signal('SIGKILL');
    await system.ended;
    for (const pid of pids.slice(2)) expect(await hasEndedWithin(pid, 40_000)).toBe(true);
    await start();
    expect(system.lines.join('\n')).toMatch(/postgres +an earlier run has left PostgreSQL running/);
    expect(system.lines.join('\n')).toMatch(/temporal +an earlier run has left Temporal running/);
    expect(pids.filter(isRunning)).toEqual([]);
    expect((await sagaStatus(system, completed)).state).toBe('COMPLETED');
  });

  it('comes back after all its processes were killed at once, and ends on SIGTERM with exit code 0', async () => {
    for (const pid of [system.pid, ...pidsOf(system)]) process.kill(pid, 'SIGKILL');
    await system.ended;
    await start();
    expect((await sagaStatus(system, completed)).state).toBe('COMPLETED');
    system.signal('SIGTERM');
    expect(await system.ended).toBe(0);
    expect(pidsOf(system).filter(isRunning)).toEqual([]);
  });
});
