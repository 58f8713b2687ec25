/** What it was measured on. */
import os from 'node:os';
import { execFileSync } from 'node:child_process';
import { busyTicks } from './cpu.js';

export interface Machine {
  readonly cores: string;
  readonly memory: string;
  readonly system: string;
  readonly node: string;
  readonly temporal: string;
  readonly postgres: string;
}

export function describeMachine(program: string): Machine {
  const cpus = os.cpus();
  const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
  return {
    cores: `${cpus.length} × ${cpus[0]?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GB`,
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    temporal: version.replace('temporal version ', ''),
    postgres: '18, embedded; durable for Unwind, not waiting for the disk for the services',
  };
}

const WATCHED_MS = 2_000;

/** The share of the machine that others use, seen before anything of the benchmark runs. */
export async function loadOfOthers(): Promise<number> {
  const before = busyTicks();
  await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
  const after = busyTicks();
  return (after.busy - before.busy) / Math.max(1, after.all - before.all);
}
