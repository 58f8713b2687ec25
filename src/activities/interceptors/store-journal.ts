/**
 * Stores the entries that a saga sends with its activities: the journal.
 *
 *  - An ordinary activity stores beside its call, at most 200 ms, best effort: a dead journal never holds up an order.
 *  - Required entries are stored before the activity is reported as done.
 *  - The last action stores the end after its call has succeeded, and answers with time and attempts, which the workflow
 *    takes over. If the journal is away, the call has succeeded all the same: the workflow stores the end by itself. It is
 *    stored only while its attempt can still be reported: an end that is stored by an attempt that the server has given up
 *    would be a false one, and must be superseded later.
 *
 * The answer of an activity says up to which number its saga's journal is stored: `storedUpTo`.
 */
import { Context } from '@temporalio/activity';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInterceptorsFactory } from '@temporalio/worker';
import { JournalUnavailableError } from '../../journal/tables/unavailable.js';
import type { Appended } from '../../journal/write/append.js';
import { JOURNAL_HEADER, type Batch, type JournalHeader } from '../../journal/write/batch.js';
import type { Journal } from '../../journal/write/journal.js';
import { CORRELATION_HEADER } from '../../caller.js';
import { reasonOf } from '../../platform/reason.js';
import { withTimeLimit } from '../../platform/time-limit.js';
import { attemptNumber, later } from '../service/failures.js';
import { createBreaker, type Breaker } from './breaker.js';
import { textOf } from './origin.js';

const BESIDE_MS = 200;
/** The part of an attempt's time that is kept for reporting its end; a fifth of short ones. */
const REPORTING_MS = 1_000;

/** One attempt of an activity that carries entries. */
interface Attempt {
  readonly journal: Pick<Journal, 'append'>;
  readonly breaker: Breaker;
  readonly batch: SentBatch;
  readonly act: () => Promise<unknown>;
}

/** `closing` lacks the fields that are known only when the call has succeeded. */
type SentBatch = Omit<Batch, 'closing'> & Pick<JournalHeader, 'closing'>;
type Closing = NonNullable<JournalHeader['closing']>;

/** The interceptor that stores. `onChange` is called when the journal can no longer be reached, and when it can again. */
export function journalInterceptor(
  journal: Attempt['journal'],
  onChange: (now: 'away' | 'back') => void = () => undefined,
): ActivityInterceptorsFactory {
  const breaker = createBreaker(onChange);
  return () => ({
    inbound: {
      execute(input, next) {
        const batch = batchOf(input);
        if (!batch) return next(input);
        const attempt = { journal, breaker, batch, act: () => next(input) };
        if (batch.closing) return closeAfter(attempt, batch.closing);
        return batch.required ? storeFirst(attempt) : storeBeside(attempt);
      },
    },
  });
}

function batchOf({ headers }: ActivityExecuteInput): SentBatch | undefined {
  const payload = headers[JOURNAL_HEADER];
  const { workflowExecution } = Context.current().info;
  if (!payload || !workflowExecution) return undefined;
  const { runId } = workflowExecution;
  const { required = false, ...header } = defaultPayloadConverter.fromPayload<JournalHeader>(payload);
  return { ...header, required, runId, correlationId: textOf(headers, CORRELATION_HEADER) ?? null };
}

function withoutClosing(sent: SentBatch): Batch {
  const { closing: _closing, ...batch } = sent;
  return batch;
}

async function storeBeside({ journal, breaker, batch, act }: Attempt): Promise<unknown> {
  if (batch.entries.length === 0 || !breaker.allows()) return act();
  const started = performance.now();
  let stored: Appended | undefined;
  const succeeded = (appended: Appended): void => {
    stored = appended;
    breaker.succeeded();
  };
  const storing = journal.append({ ...withoutClosing(batch), required: false }).then(succeeded, () => breaker.failed());
  const [acted] = await Promise.allSettled([act()]);
  const left = BESIDE_MS - (performance.now() - started);
  if (left > 0) await withTimeLimit(storing, { ms: left }).catch(() => undefined);
  if (acted.status === 'rejected') throw acted.reason;
  return withReport(acted.value, batch, stored);
}

/** Only a result that is a record, or no result, can hold the report. */
function withReport(result: unknown, sent: SentBatch, stored: Appended | undefined, more: object = {}): unknown {
  const canSayMore = result === undefined || (typeof result === 'object' && result !== null && !Array.isArray(result));
  if (!canSayMore) return result;
  // Entries that another run has stored beyond it say nothing of this one.
  const last = (sent.entries.at(-1)?.seq ?? 0) + (stored?.kind === 'stored' && stored.closing ? 2 : 0);
  return { ...result, ...more, ...(stored?.kind === 'stored' && { storedUpTo: Math.min(stored.version, last) }) };
}

async function storeFirst({ journal, batch, act }: Attempt): Promise<unknown> {
  // Nothing waits for the answer to a run that no longer counts.
  await journal.append(withoutClosing(batch)).catch(notStored);
  return act();
}

async function closeAfter(attempt: Attempt, end: Closing): Promise<unknown> {
  const { journal, batch } = attempt;
  const started = performance.now();
  const number = attemptNumber();
  // If all goes well, the last action needs one round trip only; while it is retried, the journal says so.
  const result = await (number === 1 ? storeOnFailure(attempt) : storeBeside(attempt));
  const { attempts = number }: { attempts?: number } = Object(result);
  const at = new Date().toISOString();
  const isInTime = timeLeft(started) > 0;
  // If it is not stored, the workflow stores the end by itself.
  const stored = isInTime
    ? await journal.append({ ...batch, closing: { ...end, attempts, at } }).catch(logRefusal)
    : undefined;
  const closing = stored?.kind === 'stored' ? stored.closing : undefined;
  return withReport(result, batch, closing && stored, closing ?? { attempts, closedAt: at });
}

const storeOnFailure = (attempt: Attempt): Promise<unknown> =>
  attempt.act().catch((error: unknown) => storeBeside({ ...attempt, act: () => Promise.reject(error) }));

/**
 * The time until this attempt must be reported, by its own time-out and by the whole budget. The server's clock may
 * differ.
 */
function timeLeft(started: number): number {
  const { startToCloseTimeoutMs, scheduleToCloseTimeoutMs, scheduledTimestampMs, currentAttemptScheduledTimestampMs } =
    Context.current().info;
  const spent = Math.max(0, currentAttemptScheduledTimestampMs - scheduledTimestampMs);
  const limits = [startToCloseTimeoutMs, scheduleToCloseTimeoutMs && scheduleToCloseTimeoutMs - spent].filter(Boolean);
  const reporting = Math.min(REPORTING_MS, startToCloseTimeoutMs / 5 || REPORTING_MS);
  return Math.min(...limits, Infinity) - (performance.now() - started) - reporting;
}

function logRefusal(error: unknown): undefined {
  if (!(error instanceof JournalUnavailableError))
    Context.current().log.error('The journal refuses the entries of a saga', { alert: 'JournalFault', error });
}

const LONGEST_PAUSE_MS = 10_000;

/**
 * Retried soon, because a saga rests or ends only when its journal is stored. The pauses are spread, so that sagas
 * that failed together come back apart.
 */
function notStored(error: unknown): never {
  logRefusal(error);
  const attempt = attemptNumber();
  const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(attempt - 1, 16));
  throw later('JournalUnavailable', `journal: ${reasonOf(error)}`, attempt, pause / 2 + (Math.random() * pause) / 2);
}
