/** Faults that a tester arms for the next matching requests. They live in this process only. */
import { z } from 'zod';

export const OPERATIONS = ['PUT', 'DELETE', 'GET'] as const;

export type Operation = (typeof OPERATIONS)[number];

/**
 * - `refuse`: the business says no. A PUT's refusal is stored like any other, a DELETE's is not. It replaces the
 *   business rules only: if the ledger has an answer already, that answer stands.
 * - `unavailable`: 503, and nothing was done.
 * - `drop-response`: commits, then breaks the connection.
 * - `delay`: waits `delayMs`, then handles the request even if the caller has left: a late original.
 * - `slow-answer`: handles and commits at once, answers `delayMs` later.
 * - `garbage`: handles and commits, then answers a body that is not JSON.
 */
export const fault = z
  .strictObject({
    mode: z.enum(['refuse', 'unavailable', 'drop-response', 'delay', 'slow-answer', 'garbage']).default('refuse'),
    /** How many requests meet the fault. */
    times: z.int().min(1).max(1_000_000).default(1),
    delayMs: z.int().min(0).max(3_600_000).default(1_000),
    operation: z.enum(OPERATIONS).default('PUT'),
  })
  .refine(({ mode, operation }) => !(mode === 'refuse' && operation === 'GET'), {
    path: ['operation'],
    message: 'a GET cannot be refused',
  });

export type Fault = z.infer<typeof fault>;

export interface Faults {
  arm(fault: Fault): void;
  /** The oldest fault for this operation; its count is lowered by one. */
  take(operation: Operation): Fault | undefined;
  /** The armed faults, oldest first; `times` is the count of requests left. */
  list(): readonly Fault[];
  /** Disarms all faults and returns their number. */
  clear(): number;
}

// A bound, because an armed fault takes memory that a tester holds.
export const MAX_ARMED = 1_000;

export function createFaults(): Faults {
  const armed: Fault[] = [];
  return {
    arm(fault) {
      armed.push({ ...fault });
    },
    take(operation) {
      const index = armed.findIndex((each) => each.operation === operation);
      const found = armed[index];
      if (found === undefined) return undefined;
      found.times -= 1;
      if (found.times === 0) armed.splice(index, 1);
      return found;
    },
    list: () => armed.map((each) => ({ ...each })),
    clear: () => armed.splice(0).length,
  };
}
