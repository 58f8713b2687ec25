/**
 * Goals and what was measured. What is exact fails on the value, processor time on the median of the paired rounds;
 * throughput and latency swing with the machine, and fail only where their whole range misses the goal.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Figures } from './figures.js';
import type { Spread } from './statistics.js';

const goal = z
  .strictObject({
    max: z.number().optional(),
    min: z.number().optional(),
    gate: z.enum(['exact', 'median', 'range']),
    says: z.string(),
    /** What is held to meanwhile where the goal is not reached, and the record that says why. */
    accepted: z.strictObject({ value: z.number(), why: z.string() }).optional(),
  })
  .refine(({ max, min }) => (max === undefined) !== (min === undefined));

export type Goal = z.infer<typeof goal>;

export interface Judged {
  readonly id: string;
  readonly goal: Goal;
  readonly seen: Spread;
  /** `accepted`: short of the goal, and within what is accepted meanwhile. */
  readonly verdict: 'reached' | 'accepted' | 'missed';
}

export function readGoals(): Readonly<Record<string, Goal>> {
  const text = readFileSync(path.join(import.meta.dirname, 'goals.json'), 'utf8');
  return z.record(z.string(), goal).parse(JSON.parse(text));
}

/** By the goals of `bench/goals.json` unless others are given. */
export function judge(figures: Figures, goals = readGoals()): readonly Judged[] {
  return Object.entries(goals).flatMap(([id, goal]): readonly Judged[] => {
    const seen = figures[id];
    if (!seen) return [];
    const limit = goal.max ?? goal.min ?? 0;
    if (keeps(goal, limit, seen)) return [{ id, goal, seen, verdict: 'reached' }];
    const accepted = goal.accepted && keeps(goal, goal.accepted.value, seen);
    return [{ id, goal, seen, verdict: accepted ? 'accepted' : 'missed' }];
  });
}

function keeps({ max, gate }: Goal, limit: number, { median, min, max: most }: Spread): boolean {
  const upward = max !== undefined;
  if (gate === 'exact') return upward ? most <= limit : min >= limit;
  if (gate === 'median') return upward ? median <= limit : median >= limit;
  return upward ? min <= limit : most >= limit;
}
