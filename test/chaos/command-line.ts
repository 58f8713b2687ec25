/** `npm run test:chaos -- --kills N --orders N --seed S` */
import { parseArgs } from 'node:util';
import { VICTIMS, type Extent } from './plan.js';

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Each process killed once and stopped once. */
const KILLS = VICTIMS.length * 2;
const ORDERS = 100;
const LARGEST_SEED = 2 ** 32 - 1;

/** Throws a `UsageError` for anything that is no run: without orders or without kills there is nothing to prove. */
export function extentFrom(args: readonly string[], chance: () => number = Math.random): Extent {
  let values: Partial<Record<'kills' | 'orders' | 'seed', string>>;
  try {
    const text = { type: 'string' } as const;
    ({ values } = parseArgs({ args: [...args], options: { kills: text, orders: text, seed: text } }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const number = (name: keyof typeof values, standard: number, least: number, most: number): number => {
    const given = values[name];
    if (given === undefined) return standard;
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= least && value <= most) return value;
    throw new UsageError(`--${name} is "${given}", but must be a whole number from ${least} to ${most}.`);
  };
  return {
    seed: number('seed', Math.floor(chance() * LARGEST_SEED), 0, LARGEST_SEED),
    orders: number('orders', ORDERS, 1, 100_000),
    kills: number('kills', KILLS, 1, 10_000),
  };
}
