/** The fields that several services take. Every free text is bounded, and without control characters (PostgreSQL takes no NUL). */
import { z } from 'zod';

/** The id of an effect; the caller chooses it. */
export const effectId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$/, 'must be 1 to 100 of A-Z a-z 0-9 _ . : -');

export function text(maximum: number): z.ZodString {
  return z
    .string()
    .min(1)
    .max(maximum)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');
}

export const orderId = text(100);

export const currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code');

/** Integer minor units, from 0 up; zod's `int` ends at the safe integers. */
export const money = z.strictObject({ amount: z.int().min(0), currency });

/** The quantity is that of an order's merged lines: 100 lines of 10,000. */
const line = z.strictObject({ productId: text(100), quantity: z.int().min(1).max(1_000_000) });

export const lines = z.array(line).min(1).max(100);

/** Lines with the price of one unit, in the minor units of the order's currency. */
export const pricedLines = z.array(line.extend({ unitPrice: z.int().min(0) }));
