import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { databaseUrl } from './database.js';

interface Standing {
  readonly state: string;
  readonly leads: boolean;
  readonly holder: string;
}

export interface SpawnedRelay {
  readonly pid: number;
  /** What it says of itself; it does not answer while it is stopped. */
  standing(): Promise<Standing>;
  /** SIGSTOP: it is there, and does nothing. */
  freeze(): void;
  thaw(): void;
  kill(): Promise<void>;
}

/** relay-process.ts as a process. */
export function spawnRelay(schema: string): SpawnedRelay {
  const script = path.join(import.meta.dirname, 'relay-process.ts');
  const root = path.join(import.meta.dirname, '..', '..');
  const loader = path.join(root, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs');
  const child: ChildProcess = fork(script, [databaseUrl(), schema], {
    execArgv: ['--import', loader],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return {
    pid: child.pid ?? 0,
    async standing() {
      const answer = once(child, 'message');
      child.send('how do you do');
      return (await answer)[0] as Standing;
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
