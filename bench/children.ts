/** Processes of the benchmark: started in one line, ended with it, however it ends. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, openSync } from 'node:fs';
import path from 'node:path';
import { endOf, reportSchema } from '../src/local/supervisor/node-component.js';
import { endProcess } from '../src/local/machine/processes.js';

const root = path.join(import.meta.dirname, '..');
const PATIENCE = [{ signal: 'SIGTERM', patience: 20_000 }] as const;

export interface Child {
  readonly pid: number;
  /** What it said when it was ready: a URL, where it has one. */
  readonly where: string;
  /** Sends a message over IPC, and resolves with the next one that comes. */
  ask(message: object): Promise<unknown>;
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** From the project's folder. */
  readonly module: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Node's own arguments. */
  readonly node?: readonly string[];
}

/** What the processes get: nothing that would lead them to other servers. */
export function cleanEnvironment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const foreign = /^(TEMPORAL_|SAGA_|DATABASE_URL$|DATA_DIR$|NODE_OPTIONS$|NODE_ENV$|LOG_LEVEL$)|_URL$|_PORT$/;
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name))), ...more };
}

/** Starts a Node process that says over IPC when it is ready. It ends by itself when this process is gone. */
export async function startChild({ module, args = [], env, logFile, node = [] }: ChildOptions): Promise<Child> {
  const log = openSync(logFile, 'a');
  const child = fork(path.join(root, module), [...args], {
    cwd: root,
    env: cleanEnvironment(env),
    execArgv: [...(module.startsWith('bench/') ? ['--import', 'tsx'] : []), ...node],
    stdio: ['ignore', log, log, 'ipc'],
  });
  const pid = child.pid ?? 0;
  const ended = endOf(child);
  const stop = async (): Promise<void> => {
    await endProcess(pid, PATIENCE);
    await ended;
  };
  const where = await readiness(child, ended);
  if (where instanceof Error) {
    await stop();
    throw new Error(`${module} ${args.join(' ')}: ${where.message} (more in ${logFile})`);
  }
  const ask = async (message: object): Promise<unknown> => {
    const answer = once(child, 'message');
    child.send(message);
    return (await answer)[0];
  };
  return { pid, where, ask, stop };
}

const readiness = (child: ChildProcess, ended: Promise<string>): Promise<string | Error> =>
  new Promise((resolve) => {
    child.on('message', (message) => {
      const report = reportSchema.safeParse(message).data;
      if (report) resolve('ready' in report ? report.ready : new Error(report.failed));
    });
    void ended.then((how) => resolve(new Error(`it ended while starting (${how})`)));
  });

/** Ends the servers, which have process groups of their own, and removes the folder, if this process is killed. */
export function watchOver(folder: string): { add(pid: number): void; callOff(): void } {
  const pids = path.join(folder, 'pids');
  appendFileSync(pids, '');
  const script = 'read -r _; for pid in $(cat "$0/pids"); do kill -TERM "$pid"; done; sleep 5; rm -rf "$0"';
  const watchdog = spawn('/bin/sh', ['-c', script, folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  watchdog.unref();
  return {
    add: (pid) => appendFileSync(pids, `${pid}\n`),
    callOff: () => {
      watchdog.kill('SIGKILL');
      watchdog.stdin.destroy();
    },
  };
}
