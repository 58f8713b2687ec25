/**
 * What arrives as the input of an Update: anything at all, for it is not only our API that can reach Temporal. A request
 * that is none is refused by its validator (`InvalidRequest`), and so can never fail a workflow task.
 */
import type { ApprovalRequest, ResolveAction, ResolveRequest } from './messages.js';

export type Request = ApprovalRequest & Partial<ResolveRequest>;

const LONGEST = 1_000;
const ACTIONS: ReadonlySet<unknown> = new Set<ResolveAction>(['retry', 'skip', 'block', 'applied', 'notApplied']);

/** What no database stores as text: the null character, and halves of surrogate pairs. */
const UNSTORABLE = /[\0\ud800-\udfff]/u;

/** ISO 8601 with its offset: `Date.parse` alone takes much that is no time, such as `1`. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

const isText = (value: unknown): boolean =>
  typeof value === 'string' && value.trim() !== '' && value.length <= LONGEST && !UNSTORABLE.test(value);

const isTime = (value: unknown): boolean =>
  typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value));

/** Whether the input says who, why and until when; a decision on a step also which step, and what. */
export function isRequest(input: unknown, decides: 'saga' | 'step'): input is Request {
  if (typeof input !== 'object' || input === null) return false;
  const { actor, reason, validUntil, requestId, step, action, approval } = input as Readonly<Record<string, unknown>>;
  if (!isText(actor) || !isText(reason) || !isTime(validUntil)) return false;
  if ([requestId, approval].some((id) => id !== undefined && !isText(id))) return false;
  return decides === 'saga' || (isText(step) && ACTIONS.has(action));
}
