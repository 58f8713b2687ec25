/** Small numbers of rounds: medians, and the whole range beside them. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** `share` 0.5 is the median; between two values it is interpolated. */
export function percentile(values: readonly number[], share: number): number {
  const ordered = sorted(values);
  const at = (ordered.length - 1) * share;
  const low = ordered[Math.floor(at)] ?? Number.NaN;
  const high = ordered[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

/** Of each round's own pair, so that what changes from round to round (a warmer machine, a fuller file) cancels out. */
export const pairedRatios = (ours: readonly number[], theirs: readonly number[]): Spread =>
  spreadOf(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
