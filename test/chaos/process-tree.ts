/** Processes by pid: the children of one, and whether one stands still. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { isRunning } from '../../src/local/machine/processes.js';

interface Entry {
  readonly pid: number;
  readonly parent: number;
  /** `T`: stopped by a signal. */
  readonly state: string;
}

function fromProc(pid: string): Entry[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [{ pid: Number(pid), parent: Number(parent), state }];
  } catch {
    return []; // it has ended meanwhile
  }
}

function fromPs(line: string): Entry {
  const [pid = '', parent = '', state = ''] = line.trim().split(/\s+/);
  return { pid: Number(pid), parent: Number(parent), state: state.slice(0, 1) };
}

function all(): Entry[] {
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap(fromProc);
  }
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,state='], { encoding: 'utf8' });
  return table.trim().split('\n').map(fromPs);
}

/** The process and its children: PostgreSQL's sessions are processes of their own, and answer while it stands still. */
export const familyOf = (pid: number): number[] => [
  pid,
  ...all()
    .filter(({ parent }) => parent === pid)
    .map((child) => child.pid),
];

export const standsStill = (pid: number): boolean => all().some((each) => each.pid === pid && each.state === 'T');

/** One that has ended meanwhile is left alone. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    if (!isRunning(pid)) continue;
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended between the two lines.
    }
  }
}
