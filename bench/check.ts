/** `npm run bench:check`: the goals of `goals.json`, in less than ten minutes. */
import { readArguments } from './arguments.js';
import { figuresOfExtras, runExtras } from './extras.js';
import { figuresOf, NAMES } from './figures.js';
import { judge } from './goals.js';
import { goalLine } from './report.js';
import { runRounds } from './rounds.js';
import { say, session } from './session.js';
import { spreadOf } from './statistics.js';
import { openVariants } from './variants.js';

const MOST_MINUTES = 10;

export async function main(args: readonly string[]): Promise<number> {
  const { rounds, scale } = readArguments(args);
  return session(MOST_MINUTES, async (stage) => {
    const ledger = new Map();
    const { variants, unwind } = await openVariants(stage, []);
    const loads = [
      { inFlight: 1, orders: Math.ceil(12 * scale) },
      { inFlight: 50, orders: Math.ceil(150 * scale) },
    ];
    const wanted: readonly string[] = [NAMES.bare, NAMES.sample, NAMES.off, NAMES.on, NAMES.compensated];
    const plan = variants.filter(({ name }) => wanted.includes(name)).map((variant) => ({ variant, loads }));
    const measured = await runRounds(stage, plan, rounds, ledger, say);
    const happy = variants.find(({ name }) => name === NAMES.on);
    if (!happy) throw new Error('nothing to measure');
    const extras = await runExtras(stage, { unwind, happy }, scale, ledger, say);
    const figures = { ...figuresOf(measured), ...figuresOfExtras(extras) };
    const judged = judge(figures);
    const others = spreadOf(measured.runs.map((run) => run.others * 100));
    say(
      `others used ${others.median.toFixed(0)} % of the machine (${others.min.toFixed(0)} to ${others.max.toFixed(0)})`,
    );
    for (const each of judged) say(goalLine(each));
    const missed = judged.filter(({ verdict }) => verdict === 'missed').length;
    say(`${judged.length - missed} passed, ${missed} failed`);
    return missed === 0 ? 0 : 1;
  });
}
