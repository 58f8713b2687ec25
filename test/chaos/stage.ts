/** The system under chaos: `npm start` with all its processes, on free ports, in a folder of its own. */
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hasEndedWithin, isRunning } from '../../src/local/machine/processes.js';
import { startSystem, type RunningSystem } from '../journey/running-system.js';
import { eventually } from '../support/eventually.js';
import type { Addresses } from './findings.js';
import { ATTEMPT_TIMEOUT_MS } from './plan.js';
import { familyOf, signalAll } from './process-tree.js';
import { SERVICE_NAMES } from '../../src/config/service-limits.js';

/** Longer than it takes on a machine that is busy with other things. */
const UP_WITHIN_MS = 120_000;
const ENDING_WITHIN_MS = 60_000;
const LAST_WITHIN_MS = 10_000;

/** Short, so that late originals and repeats are many; no outage of a run comes near the budgets of the steps. */
const SETTINGS = {
  SAGA_ATTEMPT_TIMEOUT: `${ATTEMPT_TIMEOUT_MS}ms`,
  SAGA_STEP_TIMEOUT: '3m',
  SAGA_DEADLINE: '1h',
};

export interface Stage {
  readonly system: RunningSystem;
  readonly folder: string;
  /** Processes that stand still now. */
  readonly still: Set<number>;
}

export function openStage(): Stage {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-chaos-'));
  return { folder, system: startSystem(folder, SETTINGS), still: new Set() };
}

/** Waits for a line of the supervisor, also one that was printed before. */
export async function lineOf(system: RunningSystem, pattern: RegExp, from = 0): Promise<string> {
  return await eventually(`the supervisor to say ${String(pattern)}`, UP_WITHIN_MS, () => {
    const line = system.lines.slice(from).find((each) => pattern.test(each));
    if (line === undefined && !isRunning(system.pid)) throw new Error(`the system ended:\n${system.lines.join('\n')}`);
    return line;
  });
}

/** Waits until the system is ready, and says where its parts are reached. */
export async function whenReady({ system }: Stage): Promise<Addresses> {
  await lineOf(system, /^ready$/);
  const temporal = /^temporal +up +(\S+:\d+)/.exec(await lineOf(system, /^temporal +up /))?.[1] ?? '';
  const [payment, inventory, shipping, notification] = SERVICE_NAMES.map((name) => local(system.urlOf(name)));
  const none = '';
  return {
    api: local(system.urlOf('api')),
    services: {
      payment: payment ?? none,
      inventory: inventory ?? none,
      shipping: shipping ?? none,
      notification: notification ?? none,
    },
    temporal,
    databaseUrl: system.databaseUrl(),
  };
}

/** `localhost` may mean ::1 first, where nobody listens. */
const local = (url: string): string => url.replace('localhost', '127.0.0.1');

/** Every process that the supervisor has named. */
const pidsOf = ({ lines }: RunningSystem): number[] =>
  lines.flatMap((line) => /^\S+ +up .* pid (\d+)$/.exec(line)?.[1] ?? []).map(Number);

/**
 * Ends everything, whatever state it is in; answers what was wrong with that. PostgreSQL's sessions are looked up
 * beforehand: nobody names them.
 */
export async function endStage({ system, still }: Stage): Promise<string[]> {
  signalAll([...still], 'SIGCONT');
  const pids = [...new Set(pidsOf(system).filter(isRunning).flatMap(familyOf))];
  if (isRunning(system.pid)) system.signal('SIGTERM');
  if (!(await hasEndedWithin(system.pid, ENDING_WITHIN_MS))) {
    signalAll([system.pid, ...pids], 'SIGKILL');
    return [`the supervisor had to be killed ${ENDING_WITHIN_MS / 1000} s after SIGTERM`];
  }
  const code = await system.ended;
  const left: number[] = [];
  for (const pid of pids) if (!(await hasEndedWithin(pid, LAST_WITHIN_MS))) left.push(pid);
  signalAll(left, 'SIGKILL');
  return [
    ...(code === 0 ? [] : [`the supervisor ended with exit code ${code}`]),
    ...left.map((pid) => `process ${pid} was left running`),
  ];
}

/** Removes the folder. `keep`: what was logged is put beside it first, and the place is answered. */
export function clearStage({ folder, system }: Stage, keep: readonly string[] | undefined): string | undefined {
  const kept = `${folder}-logs`;
  if (keep !== undefined) {
    const logs = path.join(folder, 'logs');
    if (existsSync(logs)) cpSync(logs, kept, { recursive: true });
    writeFileSync(path.join(kept, 'chaos.txt'), keep.join('\n'));
    writeFileSync(path.join(kept, 'supervisor.txt'), system.lines.join('\n'));
  }
  rmSync(folder, { recursive: true, force: true });
  return keep === undefined ? undefined : kept;
}
