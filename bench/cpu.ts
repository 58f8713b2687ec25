/** The processor time of processes and of those that they have started, from `/proc`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second. */
export const TICK_MS = 10;

interface Stat {
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended and were waited for. */
  readonly ended: number;
}

function statOf(pid: string): Stat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may have anything in it.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [parent = 0, user = 0, system = 0, endedUser = 0, endedSystem = 0] = [1, 11, 12, 13, 14].map(
      (at) => fields[at],
    );
    return { parent, own: user + system, ended: endedUser + endedSystem };
  } catch {
    return undefined;
  }
}

export function requireProc(): void {
  if (!existsSync('/proc/self/stat'))
    throw new Error('The benchmark reads processor times from /proc: run it on Linux.');
}

/** Milliseconds of processor time so far: of each process with all its descendants, ended ones included. */
export function cpuOf(pids: readonly number[]): number[] {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(name) : undefined;
    if (stat) stats.set(Number(name), stat);
  }
  const childrenOf = new Map<number, number[]>();
  for (const [pid, { parent }] of stats) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid]);
  const sum = (pid: number): number => {
    const stat = stats.get(pid);
    const children = (childrenOf.get(pid) ?? []).reduce((total, child) => total + sum(child), 0);
    return children + (stat ? stat.own + stat.ended : 0);
  };
  return pids.map((pid) => sum(pid) * TICK_MS);
}

/** Of one process alone, without its descendants. */
export const cpuAlone = (pid: number): number => (statOf(String(pid))?.own ?? 0) * TICK_MS;

/** The share of all cores that was busy between two calls, this benchmark's own work included. */
export function busyTicks(): { readonly busy: number; readonly all: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, value) => sum + value, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { busy: all - idle, all };
}
