/** A batch for the journal: entries of one run, as an activity's header carried them. */
import { closingEvents, type JournalHeader, type SentEntry } from '../../saga/journal/events.js';

export { JOURNAL_HEADER, type JournalHeader, type SentEntry } from '../../saga/journal/events.js';

/** The saga's last step and its end, which hold because the last action has succeeded. */
export interface Closing extends NonNullable<JournalHeader['closing']> {
  /** The attempt that succeeded, and its time: the first stored values stay. */
  readonly attempts: number;
  readonly at: string;
}

export interface Batch {
  readonly sagaId: string;
  readonly sagaType: string;
  readonly runId: string;
  readonly correlationId: string | null;
  /** Contiguous and ascending; may be empty. */
  readonly entries: readonly SentEntry[];
  /** True if it carries every entry that its run does not know to be stored. */
  readonly required: boolean;
  readonly closing?: Closing;
}

/** Text that PostgreSQL's jsonb refuses: the null character, and halves of surrogate pairs. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/i;
const LONE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** Plain data that can be stored: an operator's reason must not keep a saga from being recorded. */
export function storable<T>(value: T): T {
  const text = JSON.stringify(value);
  if (!UNSTORABLE.test(text)) return JSON.parse(text) as T;
  const mend = (_: string, part: unknown): unknown => (typeof part === 'string' ? part.replace(LONE, '\uFFFD') : part);
  return JSON.parse(JSON.stringify(value, mend)) as T;
}

/** The two entries with which a saga ends, after its last sent one. */
export const closingEntries = (after: number, { attempts, at, ...closing }: Closing): SentEntry[] =>
  closingEvents(closing, attempts).map((event, index) => ({ seq: after + 1 + index, at, event }));
