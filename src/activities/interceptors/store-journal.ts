/**
 * Stores what a saga sends with its activities: the journal.
 *
 *  - An ordinary activity stores beside its call, at most 200 ms, best effort: a dead journal never holds up an order.
 *  - What is required is stored before the activity is reported as done.
 *  - The last action stores the end after its call has succeeded, and answers with time and attempts, which the workflow
 *    takes over. If the journal is away, the call has succeeded all the same: the workflow stores the end by itself. It is
 *    stored only while its attempt can still be reported: an end that is stored by an attempt that the server has given up
 *    would be a false one, and must be superseded later.
 *
 * What an activity answers says up to which number its saga's journal is stored: `storedUpTo`.
 */
import { Context } from '@temporalio/activity';
import { type ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInterceptorsFactory, Next } from '@temporalio/worker';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { JOURNAL_HEADER, type Batch, type JournalHeader } from '../../journal/write/batch.js';
import type { Appended } from '../../journal/write/append.js';
import type { Journal } from '../../journal/write/journal.js';
import { reasonOf } from '../../platform/reason.js';
import { createBreaker, type Breaker } from './breaker.js';
import { CORRELATION_ID } from './origin.js';
import { later } from '../service/failures.js';
import { attemptNumber } from './slots.js';

const BESIDE_MS = 200;
/** What is kept of an attempt's time for reporting its end; a fifth of short ones. */
const REPORTING_MS = 1_000;

type Appending = Pick<Journal, 'append'>;
type Execute = Next<ActivityInboundCallsInterceptor, 'execute'>;

export function journalInterceptor(
  journal: Appending,
  onChange: (now: 'away' | 'back') => void = () => undefined,
): ActivityInterceptorsFactory {
  const breaker = createBreaker(onChange);
  return () => ({
    inbound: {
      execute(input, next) {
        const batch = batchOf(input);
        if (!batch) return next(input);
        if (batch.closing) return closeAfter(journal, breaker, batch, batch.closing, () => next(input));
        return batch.required
          ? storeFirst(journal, batch, input, next)
          : storeBeside(journal, breaker, batch, () => next(input));
      },
    },
  });
}

/** `closing` lacks what is known only when the call has succeeded. */
type SentBatch = Omit<Batch, 'closing'> & Pick<JournalHeader, 'closing'>;
type Closing = NonNullable<JournalHeader['closing']>;

function batchOf({ headers }: ActivityExecuteInput): SentBatch | undefined {
  const payload = headers[JOURNAL_HEADER];
  const { workflowExecution } = Context.current().info;
  if (!payload || !workflowExecution) return undefined;
  const { runId } = workflowExecution;
  const { required = false, ...header } = defaultPayloadConverter.fromPayload<JournalHeader>(payload);
  const correlation = headers[CORRELATION_ID];
  const correlationId = correlation ? defaultPayloadConverter.fromPayload<string>(correlation) : null;
  return { ...header, required, runId, correlationId };
}

const withoutClosing = ({ sagaId, sagaType, runId, correlationId, entries, required }: SentBatch): Batch => ({
  sagaId,
  sagaType,
  runId,
  correlationId,
  entries,
  required,
});

async function storeBeside(
  journal: Appending,
  breaker: Breaker,
  sent: SentBatch,
  act: () => Promise<unknown>,
): Promise<unknown> {
  const batch = withoutClosing(sent);
  if (batch.entries.length === 0 || !breaker.allows()) return act();
  const started = performance.now();
  let stored: Appended | undefined;
  const succeeded = (appended: Appended): void => {
    stored = appended;
    breaker.succeeded();
  };
  const storing = journal.append({ ...batch, required: false }).then(succeeded, () => breaker.failed());
  try {
    const result = await act();
    await atMost(BESIDE_MS - (performance.now() - started), storing);
    return withReport(result, batch, stored);
  } catch (error) {
    await atMost(BESIDE_MS - (performance.now() - started), storing);
    throw error;
  }
}

/** Only an answer that is a record, or none, can say more. */
function withReport(result: unknown, sent: SentBatch, stored: Appended | undefined, more: object = {}): unknown {
  const canSayMore = result === undefined || (typeof result === 'object' && result !== null && !Array.isArray(result));
  if (!canSayMore) return result;
  // What another run has stored beyond it says nothing of this one.
  const last = (sent.entries.at(-1)?.seq ?? 0) + (stored?.kind === 'stored' && stored.closing ? 2 : 0);
  return { ...result, ...more, ...(stored?.kind === 'stored' && { storedUpTo: Math.min(stored.version, last) }) };
}

async function atMost(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  if (milliseconds <= 0) return;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([promise, over]);
  clearTimeout(timer);
}

async function storeFirst(
  journal: Appending,
  sent: SentBatch,
  input: ActivityExecuteInput,
  next: Execute,
): Promise<unknown> {
  // Of a run that does not count any more nobody waits for the answer.
  await journal.append(withoutClosing(sent)).catch(notStored);
  return next(input);
}

async function closeAfter(
  journal: Appending,
  breaker: Breaker,
  batch: SentBatch,
  end: Closing,
  act: () => Promise<unknown>,
): Promise<unknown> {
  const started = performance.now();
  const attempt = attemptNumber();
  // If all goes well, the last action needs one round trip only; while it is retried, the journal says so.
  const result = await (attempt === 1
    ? tellOnFailure(journal, breaker, batch, act)
    : storeBeside(journal, breaker, batch, act));
  const { attempts = attempt }: { attempts?: number } = Object(result);
  const at = new Date().toISOString();
  const isInTime = timeLeft(started) > 0;
  const stored = isInTime
    ? await journal.append({ ...batch, closing: { ...end, attempts, at } }).catch(logged)
    : undefined;
  const closing = stored?.kind === 'stored' ? stored.closing : undefined;
  return withReport(result, batch, closing && stored, closing ?? { attempts, closedAt: at });
}

/** The workflow stores the end by itself. */
function logged(error: unknown): undefined {
  refusedOrAway(error);
}

async function tellOnFailure(
  journal: Appending,
  breaker: Breaker,
  batch: SentBatch,
  act: () => Promise<unknown>,
): Promise<unknown> {
  try {
    return await act();
  } catch (error) {
    return storeBeside(journal, breaker, batch, () => Promise.reject(error));
  }
}

/** Until this attempt must be reported, by its own time-out and by the budget of all. The server's clock may differ. */
function timeLeft(started: number): number {
  const { startToCloseTimeoutMs, scheduleToCloseTimeoutMs, scheduledTimestampMs, currentAttemptScheduledTimestampMs } =
    Context.current().info;
  const spent = Math.max(0, currentAttemptScheduledTimestampMs - scheduledTimestampMs);
  const limits = [startToCloseTimeoutMs, scheduleToCloseTimeoutMs && scheduleToCloseTimeoutMs - spent].filter(
    (limit) => limit,
  );
  const reporting = Math.min(REPORTING_MS, startToCloseTimeoutMs / 5 || REPORTING_MS);
  return Math.min(...limits, Infinity) - (performance.now() - started) - reporting;
}

function notStored(error: unknown): never {
  refusedOrAway(error);
  throw notYet(reasonOf(error));
}

function refusedOrAway(error: unknown): void {
  const isAway = error instanceof Error && error.name === 'JournalUnavailableError';
  if (!isAway) Context.current().log.error('The journal refuses what a saga sends', { alert: 'JournalFault', error });
}

const LONGEST_PAUSE_MS = 10_000;

/** Tried again soon: a saga rests or ends only when its journal is stored. Sagas that failed together come back apart. */
function notYet(reason: string): ApplicationFailure {
  const attempt = attemptNumber();
  const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(attempt - 1, 16));
  return later('JournalUnavailable', `journal: ${reason}`, attempt, pause / 2 + (Math.random() * pause) / 2);
}
