/** `--rounds 5 --scale 1 --no-anchors`: what both commands understand. */
import { parseArgs } from 'node:util';

export interface Wanted {
  readonly rounds: number;
  /** Of the numbers of orders: 0.1 tries the benchmark out. */
  readonly scale: number;
  readonly anchors: boolean;
}

export function readArguments(args: readonly string[]): Wanted {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      scale: { type: 'string', default: '1' },
      'no-anchors': { type: 'boolean', default: false },
    },
  });
  const [rounds, scale] = [Number(values.rounds), Number(values.scale)];
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 50)
    throw new Error('--rounds is a whole number from 1 to 50');
  if (!(scale > 0 && scale <= 10)) throw new Error('--scale is a number above 0, up to 10');
  return { rounds, scale, anchors: !values['no-anchors'] };
}
