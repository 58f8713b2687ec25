/** Faults that a tester arms and the next matching requests meet. They live in this process only. */
import { z } from 'zod';

export const OPERATIONS = ['PUT', 'DELETE', 'GET'] as const;

export type Operation = (typeof OPERATIONS)[number];

/**
 * - `refuse`: the business says no. A PUT's refusal is stored like any other, a DELETE's is not. It takes the place of
 *   the business rules only: where the ledger has its answer already, that answer stands.
 * - `unavailable`: 503, and nothing was done.
 * - `drop-response`: commits, then breaks the connection.
 * - `delay`: waits `delayMs`, then handles, although the caller may have left: a late original.
 * - `slow-answer`: handles and commits at once, answers `delayMs` later.
 * - `garbage`: handles and commits, then answers what is no JSON.
 */
export const fault = z
  .strictObject({
    mode: z.enum(['refuse', 'unavailable', 'drop-response', 'delay', 'slow-answer', 'garbage']).default('refuse'),
    /** How many requests meet it. */
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
  /** The oldest fault for this operation, used up once more. */
  take(operation: Operation): Fault | undefined;
  /** What is still armed, oldest first; `times` is what is left. */
  list(): readonly Fault[];
  /** Answers how many it disarmed. */
  clear(): number;
}

// An armed fault is memory that a tester holds; nobody needs more than this.
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
