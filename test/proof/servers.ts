/**
 * One run in a few hundred does not end, and stops its server's time, for the server's own reasons (3 to 5 in
 * test/support/temporal.ts), and that of whatever else was in flight there. Each that did not end is played again alone, on
 * a fresh server, where it must end; the rest goes on on another.
 */
import { DidNotEnd, openArena } from './arena.js';
import { check, type Drill, type Report, type Tally } from './lanes.js';
import { brokenIn } from './ledger-rules.js';
import type { Schedule } from './schedule.js';
import { told, toldSchedule } from './telling.js';
import { openReal, type Venue } from './venue.js';

/** A saga that really hangs does so on each of them. */
const MOST_SERVERS = 25;

type Print = (text: string) => void;

export async function checkOnServers(
  drill: Drill,
  openVenue: () => Promise<Venue>,
  print: Print,
): Promise<Pick<Report, 'tally' | 'failures'>> {
  const tally: Tally = new Map();
  let left = drill.runs;
  for (let server = 0; server < MOST_SERVERS; server++) {
    const arena = await openArena(openVenue);
    try {
      const report = await check(arena, { ...drill, seed: drill.seed + server * 1000, runs: left }, print);
      for (const [what, times] of report.tally) tally.set(what, (tally.get(what) ?? 0) + times);
      if (report.failures.length > 0 || report.unended.length === 0) return { tally, failures: report.failures };
      const { unended } = report;
      left -= (report.tally.get('sagas') ?? 0) + unended.length;
      print(`${unended.length} did not end on server ${server + 1} and are played again, each alone:`);
      for (const schedule of unended) {
        print(toldSchedule(schedule));
        const failures = await playAlone(schedule, openVenue);
        if (failures.length > 0) return { tally, failures };
      }
      if (left <= 0) return { tally, failures: [] };
    } finally {
      await arena.close();
    }
  }
  return { tally, failures: [`time stopped on ${MOST_SERVERS} servers`] };
}

/**
 * What went wrong, if anything did. A saga that hangs by itself does so on each server; a starved server on one, and one that
 * skips time cannot play some schedules at all (7 there): a real server has the last word.
 */
async function playAlone(schedule: Schedule, openVenue: () => Promise<Venue>): Promise<string[]> {
  for (const open of [openVenue, openVenue, openReal]) {
    const failures = await playOn(open, schedule);
    if (failures) return failures;
  }
  return [`It did not end, not on a real server either.\n${toldSchedule(schedule)}`];
}

/** Undefined if it did not end. */
async function playOn(openVenue: () => Promise<Venue>, schedule: Schedule): Promise<string[] | undefined> {
  const arena = await openArena(openVenue);
  try {
    const played = await arena.play(schedule);
    const broken = brokenIn(played);
    return broken.length > 0 ? [told(played, broken)] : [];
  } catch (error) {
    if (error instanceof DidNotEnd) return undefined;
    return [`${toldSchedule(schedule)}\n${String(error)}`];
  } finally {
    await arena.close();
  }
}
