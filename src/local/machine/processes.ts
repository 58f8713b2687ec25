/** Looking at, and ending, processes by their pid. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../platform/reason.js';

/**
 * False for a zombie as well: if the first process of a container reaps no children, a zombie would be "alive" for
 * ever.
 */
export function isRunning(pid: number): boolean {
  if (pid <= 0) return false; // 0 and negative numbers would mean whole process groups
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
  if (process.platform !== 'linux') return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/**
 * The command line of a process, '' if it has none or has ended. Check it before you end a process, because pids are
 * reused.
 */
export function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

/** Waits until the process has ended; false if it still runs after `ms`. */
export async function hasEndedWithin(pid: number, ms: number): Promise<boolean> {
  const end = performance.now() + ms;
  while (isRunning(pid)) {
    if (performance.now() >= end) return false;
    await sleep(25);
  }
  return true;
}

export interface Blow {
  readonly signal: NodeJS.Signals;
  /** How long the process may take to end after this signal. */
  readonly patience: number;
}

/** Sends one signal after the other until the process has ended; SIGKILL is always the last. */
export async function endProcess(pid: number, blows: readonly Blow[]): Promise<void> {
  for (const blow of [...blows, { signal: 'SIGKILL', patience: 10_000 } as const]) {
    if (!isRunning(pid)) return;
    try {
      process.kill(pid, blow.signal);
    } catch {
      return;
    }
    if (await hasEndedWithin(pid, blow.patience)) return;
  }
}
