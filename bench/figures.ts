/** What the rounds come to: the numbers that `goals.json` sets goals for. */
import type { HistoryFacts } from './histories.js';
import { ownCpu, type Run } from './measure.js';
import type { Rounds } from './rounds.js';
import { median, pairedRatios, percentile, spreadOf, type Spread } from './statistics.js';

export type Figures = Readonly<Record<string, Spread>>;

export const NAMES = {
  bare: 'bare',
  apart: 'bare, queues apart',
  sample: 'official sample',
  off: 'Unwind, journal off',
  on: 'Unwind',
  compensated: 'Unwind, compensated',
} as const;

/** At this many in flight the machine is busy, and nobody waits for long: processor time and throughput are read here. */
const BUSY = 50;

const perRound = (runs: readonly Run[], variant: string, inFlight: number, read: (run: Run) => number): number[] =>
  runs
    .filter((run) => run.variant === variant && run.inFlight === inFlight)
    .sort((a, b) => a.round - b.round)
    .map(read);

const p50 = ({ latencies }: Run): number => percentile(latencies, 0.5);

export function figuresOf({ runs, facts }: Rounds): Figures {
  const ratio = (ours: string, theirs: string, inFlight: number, read: (run: Run) => number): Spread =>
    pairedRatios(perRound(runs, ours, inFlight, read), perRound(runs, theirs, inFlight, read));
  const speed = ({ perSecond }: Run): number => perSecond;
  const exact = (variant: string, read: (fact: HistoryFacts) => number): Spread =>
    spreadOf((facts.get(variant) ?? []).map(read));
  const bytes = (variant: string): number => median((facts.get(variant) ?? []).map((fact) => fact.bytes));
  const bytesRatio = (ours: string): Spread => spreadOf([bytes(ours) / bytes(NAMES.bare)]);
  const happy = (id: string, name: string): Figures => ({
    [`${id}.cpu`]: ratio(name, NAMES.bare, BUSY, ownCpu),
    [`${id}.throughput`]: ratio(name, NAMES.bare, BUSY, speed),
    [`${id}.p50`]: ratio(name, NAMES.bare, 1, p50),
    [`${id}.events`]: exact(name, ({ events }) => events),
    [`${id}.bytes`]: bytesRatio(name),
    [`${id}.actions`]: exact(name, ({ actions }) => actions),
  });
  const all = {
    ...happy('off', NAMES.off),
    ...happy('on', NAMES.on),
    'compensated.cpu': ratio(NAMES.compensated, NAMES.bare, BUSY, ownCpu),
    'compensated.actions': exact(NAMES.compensated, ({ actions }) => actions),
    'sample.cpu': ratio(NAMES.on, NAMES.sample, BUSY, ownCpu),
    'sample.throughput': ratio(NAMES.on, NAMES.sample, BUSY, speed),
    'apart.cpu': ratio(NAMES.apart, NAMES.bare, BUSY, ownCpu),
    'apart.throughput': ratio(NAMES.apart, NAMES.bare, BUSY, speed),
    'noise.cpu': ratio(`${NAMES.bare}, again`, NAMES.bare, BUSY, ownCpu),
    'noise.throughput': ratio(`${NAMES.bare}, again`, NAMES.bare, BUSY, speed),
    'noise.p50': ratio(`${NAMES.bare}, again`, NAMES.bare, 1, p50),
  };
  return Object.fromEntries(Object.entries(all).filter(([, { median }]) => Number.isFinite(median)));
}
