/** Checks many schedules at once: each lane is a property of fast-check with a seed of its own. */
import * as fc from 'fast-check';
import { DidNotEnd, type Arena, type Played } from './arena.js';
import { brokenIn } from './ledger-rules.js';
import type { Schedule } from './schedule.js';
import { told, toldSchedule } from './telling.js';

export interface Drill {
  /** Where it is found: a part of the file's name, for who plays one run again. */
  readonly file: string;
  readonly schedules: fc.Arbitrary<Schedule>;
  readonly seed: number;
  readonly runs: number;
  readonly lanes: number;
  /** Of one run in a single lane. */
  readonly path?: string;
  /** Each run is told, not only the one that failed. */
  readonly verbose?: boolean;
}

/** How often each verdict, block and answer was seen. */
export type Tally = Map<string, number>;

export interface Report {
  readonly tally: Tally;
  /** Sentences for the reader who has to find out; empty if every rule held. */
  readonly failures: readonly string[];
  /** What did not end, and so has stopped this server: it says nothing of the rest. */
  readonly unended: readonly Schedule[];
}

/** How many smaller schedules are tried once one has failed. */
const SHRINKS = 80;

export async function check(arena: Arena, drill: Drill, print: (text: string) => void): Promise<Report> {
  const { schedules, seed, runs, lanes, path, verbose } = drill;
  const tally: Tally = new Map();
  const unended: Schedule[] = [];
  let failing: number | undefined;
  let shrinks = SHRINKS;

  const run = async (lane: number, schedule: Schedule): Promise<void> => {
    // The others stop, so that there is room to find the smallest schedule that fails.
    if (unended.length > 0 || (failing !== undefined && (failing !== lane || shrinks-- <= 0))) return;
    try {
      const played = await arena.play(schedule);
      count(tally, played);
      const broken = brokenIn(played);
      if (verbose) print(`${told(played, broken)}\n`);
      if (broken.length > 0) throw new Error(told(played, broken));
    } catch (error) {
      if (error instanceof DidNotEnd) return void unended.push(schedule);
      failing ??= lane;
      throw error;
    }
  };

  const results = await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      const property = fc.asyncProperty(schedules, (schedule) => run(lane, schedule));
      const numRuns = Math.ceil((runs - lane) / lanes);
      if (numRuns < 1) return [];
      const replay = path === undefined ? {} : { path, endOnFailure: true };
      const result = await fc.check(property, { seed: seed + lane, numRuns, ...replay });
      return result.failed ? [failureOf(drill.file, result)] : [];
    }),
  );
  return { tally, failures: results.flat(), unended };
}

function failureOf(file: string, result: fc.RunDetails<[Schedule]>): string {
  const { seed, counterexample, counterexamplePath, errorInstance, numRuns, numShrinks } = result;
  const [schedule] = counterexample ?? [];
  const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return [
    `Failed at run ${numRuns}, made smaller ${numShrinks} times. To see it again:`,
    `  npm run reproduce -- --seed ${seed} --path ${counterexamplePath ?? ''} ${file}`,
    ...(why.startsWith('SCHEDULE') || !schedule ? [] : [toldSchedule(schedule)]),
    why,
  ].join('\n');
}

function count(tally: Tally, { record, journal, stored, scene, outcome, cases }: Played): void {
  const seen = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);
  seen('sagas');
  seen(record.state);
  if (outcome === 'cancelled') seen('Canceled in Temporal');
  if (journal.some(({ event }) => event.type === 'SagaBlocked')) seen('blocked');
  if (scene.late.length > 0) seen('late');
  if (stored) seen('stored');
  for (const reached of cases) seen(reached);
  for (const { ask, answers } of scene.asked) seen(`${ask} ${answers[0]?.answer ?? 'sent'}`);
}
