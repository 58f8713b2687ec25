/** The real thing for tests: `npm start`'s supervisor with all its processes, on free ports and a folder of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { isRunning } from '../../src/local/machine/processes.js';
import { eventually } from '../support/eventually.js';

const root = path.join(import.meta.dirname, '..', '..');
const PORTS = [
  'API',
  'PAYMENT',
  'INVENTORY',
  'SHIPPING',
  'NOTIFICATION',
  'PG',
  'TEMPORAL',
  'TEMPORAL_UI',
  'METRICS',
  'RELAY_METRICS',
  'WORKER_HEALTH',
  'BACKGROUND_METRICS',
];

export interface RunningSystem {
  readonly pid: number;
  readonly lines: readonly string[];
  /** Waits for a line, also one that was printed before. */
  line(pattern: RegExp, from?: number): Promise<string>;
  /** The pid that was printed last for a component. */
  pidOf(name: string): number;
  urlOf(name: string): string;
  databaseUrl(): string;
  /** To the whole process group of the supervisor, as the terminal does for Ctrl-C. */
  ctrlC(): void;
  signal(signal: NodeJS.Signals): void;
  /** Its exit code once it has ended; null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Compiles what the processes run; quick where nothing has changed. */
export function build(): void {
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Nothing of the environment that the tests run in may lead it to other servers. */
export function cleanEnvironment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = /^(TEMPORAL_|SAGA_|DATABASE_URL$|DATA_DIR$|NODE_OPTIONS$|KAFKA_BROKERS$)|_URL$|_PORT$/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(kept), NODE_ENV: 'test', ...more };
}

export const freePorts = (): NodeJS.ProcessEnv => Object.fromEntries(PORTS.map((name) => [`${name}_PORT`, '0']));

/** `command` is what a shell is given; by default what `npm start` runs. */
export function startSystem(
  dataDir: string,
  more: NodeJS.ProcessEnv = {},
  command = 'exec node scripts/unwind.mjs start',
): RunningSystem {
  const child: ChildProcess = spawn('/bin/sh', ['-c', command], {
    cwd: root,
    detached: true,
    env: cleanEnvironment({ ...freePorts(), DATA_DIR: dataDir, ...more }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    if (input) createInterface({ input }).on('line', (line) => lines.push(line));
  }
  const pid = child.pid ?? 0;
  const find = (pattern: RegExp): RegExpExecArray => {
    const match = lines.map((line) => pattern.exec(line)).findLast((each) => each !== null);
    if (!match) throw new Error(`no line matches ${String(pattern)}:\n${lines.join('\n')}`);
    return match;
  };
  return {
    pid,
    lines,
    line: async (pattern, from = 0) =>
      await eventually(`a line that matches ${String(pattern)}`, 60_000, () => {
        const line = lines.slice(from).find((each) => pattern.test(each));
        if (line === undefined && !isRunning(pid)) throw new Error(`the system has ended:\n${lines.join('\n')}`);
        return line;
      }),
    pidOf: (name) => Number(find(new RegExp(`^${name} .* pid (\\d+)$`))[1]),
    urlOf: (name) => find(new RegExp(`^${name} +up.*(http://[^/ ]+)`))[1] ?? '',
    databaseUrl: () => find(/DATABASE_URL +(postgres:\S+)/)[1] ?? '',
    ctrlC: () => process.kill(-pid, 'SIGINT'),
    signal: (signal) => process.kill(pid, signal),
    ended: new Promise((resolve) => {
      child.once('close', (code) => {
        resolve(code);
      });
    }),
  };
}
