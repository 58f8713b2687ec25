import { z } from 'zod';
import { sagaIdOf } from '../../order.js';
import type { Address } from '../../platform/outbound/service-access.js';
import type { OrderRef } from '../activities.js';
import { call, type Attempted } from './call.js';

/** What a `DELETE` answers: `fenced` means that there was nothing to undo, and never will be (rule 20). */
const Row = z.object({ status: z.enum(['undone', 'fenced']) });

export type Undoing = Attempted<{ readonly outcome: 'compensated' | 'nothingToDo' }>;

/** Undoes an effect by its id; safe to repeat, and safe before or without the action. */
export async function undo(at: Address, { orderId }: OrderRef, refusals: readonly string[]): Promise<Undoing> {
  const about = { id: sagaIdOf(orderId), orderId };
  const { status, attempts } = await call({ method: 'DELETE', at, about, answer: Row, refusals });
  return { outcome: status === 'undone' ? 'compensated' : 'nothingToDo', attempts };
}
