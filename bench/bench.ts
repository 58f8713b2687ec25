/** `npm run bench`: everything, side by side, into `bench/results/`. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { readArguments } from './arguments.js';
import { figuresOfExtras, runExtras } from './extras.js';
import { figuresOf, NAMES } from './figures.js';
import { judge } from './goals.js';
import { describeMachine } from './machine.js';
import type { Load } from './measure.js';
import { goalLine, writeReport } from './report.js';
import { runRounds, type Planned } from './rounds.js';
import { say, session } from './session.js';
import { openVariants, type Variant } from './variants.js';

const MOST_MINUTES = 40;
const ANCHORS = ['express', 'dbos', 'restate'];

/** The whole range for those that the goals compare, less for the others. */
const WHOLE: readonly Load[] = [
  { inFlight: 1, orders: 12 },
  { inFlight: 10, orders: 40 },
  { inFlight: 50, orders: 150 },
  { inFlight: 200, orders: 240 },
];
const TWO: readonly Load[] = [
  { inFlight: 1, orders: 12 },
  { inFlight: 50, orders: 150 },
];
const RANGED: readonly string[] = [NAMES.bare, NAMES.off, NAMES.on];

/** The anchors have packages of their own, which are none of the product's. */
function installAnchors(): void {
  const folder = path.join(import.meta.dirname, 'anchors');
  if (existsSync(path.join(folder, 'node_modules'))) return;
  say('installing the packages of bench/anchors');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' });
}

function planFor(variants: readonly Variant[], scale: number): readonly Planned[] {
  const scaled = (loads: readonly Load[]): readonly Load[] =>
    loads.map(({ inFlight, orders }) => ({ inFlight, orders: Math.ceil(orders * scale) }));
  return variants.flatMap((variant): Planned[] => {
    const whole = RANGED.includes(variant.name) || !variant.workflowOf;
    const planned = { variant, loads: scaled(whole ? WHOLE : TWO) };
    return variant.name === NAMES.bare ? [planned, { variant, again: true, loads: scaled(TWO) }] : [planned];
  });
}

export async function main(args: readonly string[]): Promise<number> {
  const { rounds, scale, anchors } = readArguments(args);
  if (anchors) installAnchors();
  return session(MOST_MINUTES, async (stage, others) => {
    const began = new Date();
    const ledger = new Map();
    const { variants, unwind } = await openVariants(stage, anchors ? ANCHORS : []);
    const happy = variants.find(({ name }) => name === NAMES.on);
    if (!happy) throw new Error('nothing to measure');
    const measured = await runRounds(stage, planFor(variants, scale), rounds, ledger, say);
    const extras = await runExtras(stage, { unwind, happy }, scale, ledger, say);
    const figures = { ...figuresOf(measured), ...figuresOfExtras(extras) };
    const judged = judge(figures);
    for (const each of judged) say(goalLine(each));
    const machine = describeMachine(stage.program);
    const circumstances = { began, minutes: (Date.now() - began.getTime()) / 60_000, rounds, scale, others, machine };
    await writeReport({ circumstances, variants, measured, extras, figures, judged, orders: ledger.size });
    say('written to bench/results/');
    return 0;
  });
}
