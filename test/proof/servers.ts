/**
 * One run in a few hundred does not end, and stops its server's time, for the server's own reasons (3 to 5 in
 * test/support/temporal.ts). What did not end is played again on a fresh server, where it must; the rest goes on there.
 */
import { openArena, type Arena } from './arena.js';
import { check, type Drill, type Report, type Tally } from './lanes.js';
import { brokenIn } from './ledger-rules.js';
import type { Schedule } from './schedule.js';
import { told, toldSchedule } from './telling.js';

/** A saga that really hangs does so on each of them. */
const MOST_SERVERS = 25;

type Print = (text: string) => void;

export async function checkOnServers(drill: Drill, print: Print): Promise<Pick<Report, 'tally' | 'failures'>> {
  const tally: Tally = new Map();
  let unended: readonly Schedule[] = [];
  let left = drill.runs;
  for (let server = 0; server < MOST_SERVERS; server++) {
    const arena = await openArena();
    try {
      const again = await playAgain(arena, unended);
      if (again.length > 0) return { tally, failures: again };
      left -= unended.length;
      const report = await check(arena, { ...drill, seed: drill.seed + server * 1000, runs: left }, print);
      for (const [what, times] of report.tally) tally.set(what, (tally.get(what) ?? 0) + times);
      if (report.failures.length > 0 || report.unended.length === 0) return { tally, failures: report.failures };
      unended = report.unended;
      left -= report.tally.get('sagas') ?? 0;
      print(`${unended.length} did not end on server ${server + 1} and are played again on another:`);
      for (const schedule of unended) print(toldSchedule(schedule));
    } finally {
      await arena.close();
    }
  }
  return { tally, failures: [`time stopped on ${MOST_SERVERS} servers`] };
}

/** What went wrong, if anything did. */
async function playAgain(arena: Arena, schedules: readonly Schedule[]): Promise<string[]> {
  const play = async (schedule: Schedule): Promise<string[]> => {
    const played = await arena.play(schedule);
    const broken = brokenIn(played);
    return broken.length > 0 ? [told(played, broken)] : [];
  };
  const failed = (schedule: Schedule) => (error: unknown) => [`${toldSchedule(schedule)}\n${String(error)}`];
  return (await Promise.all(schedules.map((schedule) => play(schedule).catch(failed(schedule))))).flat();
}
