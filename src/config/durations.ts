/** Durations as people write them in the environment: `500ms`, `10s`, `5m`, `24h`, `7d`. */
const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds; undefined if the text is not a duration between 1 ms and 10 years. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text.trim());
  if (match === null) return undefined;
  const unit = match[2];
  if (unit !== 'ms' && unit !== 's' && unit !== 'm' && unit !== 'h' && unit !== 'd') return undefined;
  const milliseconds = Number(match[1]) * UNITS[unit];
  return milliseconds >= 1 && milliseconds <= 3_650 * UNITS.d ? milliseconds : undefined;
}
