/** A benchmark from its start to its end, bounded in time, with nothing left behind. */
import { requireProc } from './cpu.js';
import { loadOfOthers } from './machine.js';
import { openStage, type Stage } from './stage.js';

const minutes = (count: number): number => count * 60_000;

/** The exit code: that of `body`, or 1 where it throws, takes too long or is interrupted. */
export async function session(most: number, body: (stage: Stage, others: number) => Promise<number>): Promise<number> {
  requireProc();
  const others = await loadOfOthers();
  if (others > 0.1) say(`others use ${(others * 100).toFixed(0)} % of this machine: times are not worth much`);
  const stage = await openStage({ say });
  let late: NodeJS.Timeout | undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    late = setTimeout(() => reject(new Error(`not done after ${most} minutes`)), minutes(most));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(signal)));
  });
  try {
    return await Promise.race([body(stage, others), stopped]);
  } catch (error) {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  } finally {
    clearTimeout(late);
    await stage.close();
  }
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
