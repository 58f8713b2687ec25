/** Strikes the processes of the running system, at most two at once, and sees to it that each comes back. */
import { setTimeout as pause } from 'node:timers/promises';
import { isRunning } from '../../src/local/machine/processes.js';
import type { RunningSystem } from '../journey/running-system.js';
import { eventually } from '../support/eventually.js';
import { describeBlow, type Blow, type Victim } from './plan.js';
import { familyOf, signalAll, standsStill } from './process-tree.js';
import { trackProgress, type Progress } from './progress.js';
import type { BlowRecord } from './records.js';
import { meanwhile, type Gate } from './shop.js';
import { lineOf } from './stage.js';
import type { Story } from './story.js';

const MOST_AT_ONCE = 2;
const BACK_WITHIN_MS = 60_000;
const SEEN_WITHIN_MS = 5_000;

export interface Arena {
  readonly system: RunningSystem;
  readonly progress: Progress;
  readonly story: Story;
  readonly signal: AbortSignal;
  /** Processes that stand still now: the end of the run has to let them go on first. */
  readonly still: Set<number>;
}

/** Strikes one blow after the other; `gate` lets no order past a blow that was not struck. */
export function strikeAll(arena: Arena, records: readonly BlowRecord[]): { gate: Gate; done: Promise<void> } {
  const { progress, signal } = arena;
  const struck = trackProgress(signal);
  const down = new Map<Victim, Promise<void>>();

  async function strikeNext(record: BlowRecord): Promise<void> {
    const { victim, after, momentMs } = record.blow;
    await progress.until(after);
    while (down.has(victim) || down.size >= MOST_AT_ONCE) await Promise.race(down.values());
    await pause(momentMs, undefined, { signal });
    const recovery = meanwhile(strike(arena, record).finally(() => down.delete(victim)));
    down.set(victim, recovery);
    struck.advance();
  }

  async function all(): Promise<void> {
    for (const record of records) await strikeNext(record);
    await Promise.all(down.values());
  }
  const open = (index: number): Promise<void> => struck.until(records.filter(({ blow }) => blow.after <= index).length);
  return { gate: { open }, done: all() };
}

/** Returns once the victim is back; what goes wrong stays to be read in the record. */
async function strike(arena: Arena, record: BlowRecord): Promise<void> {
  const { story, signal } = arena;
  try {
    story.tell(describeBlow(record.blow));
    if (record.blow.signal === 'SIGKILL') await killAndAwait(arena, record);
    else await stopAndContinue(arena, record);
    record.recovered = true;
  } catch (error) {
    signal.throwIfAborted();
    story.tell(
      `${record.blow.victim}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`,
    );
  }
}

/** A process that has just ended by itself is being started again. */
const living = ({ system }: Arena, { victim }: Blow): Promise<number> =>
  eventually(`${victim} to run`, BACK_WITHIN_MS, () => {
    const pid = system.pidOf(victim);
    return isRunning(pid) && pid;
  });

async function killAndAwait(arena: Arena, record: BlowRecord): Promise<void> {
  const { system, story } = arena;
  const { victim } = record.blow;
  const pid = await living(arena, record.blow);
  const from = system.lines.length;
  const at = performance.now();
  arena.signal.throwIfAborted();
  process.kill(pid, 'SIGKILL');
  await eventually(`the end of ${victim}`, SEEN_WITHIN_MS, () => !isRunning(pid));
  record.struck = true;
  await lineOf(system, new RegExp(`^${victim} +up again .* pid \\d+$`), from);
  story.tell(`${victim} is up again after ${((performance.now() - at) / 1000).toFixed(1)} s`);
}

async function stopAndContinue(arena: Arena, record: BlowRecord): Promise<void> {
  const { still, story, signal } = arena;
  const { victim, stillMs } = record.blow;
  const pid = await living(arena, record.blow);
  const family = familyOf(pid);
  signal.throwIfAborted();
  for (const each of family) still.add(each);
  try {
    signalAll(family, 'SIGSTOP');
    await eventually(`${victim} to stand still`, SEEN_WITHIN_MS, () => standsStill(pid));
    record.struck = true;
    await pause(stillMs, undefined, { signal });
  } finally {
    signalAll(family, 'SIGCONT');
    for (const each of family) still.delete(each);
  }
  await eventually(`${victim} to go on`, SEEN_WITHIN_MS, () => isRunning(pid) && !standsStill(pid));
  story.tell(`${victim} goes on`);
}
