/**
 * Stores what a saga sends with its activities: the journal.
 *
 *  - An ordinary activity stores beside its call, at most 200 ms, best effort: a dead journal never holds up an order.
 *  - What is required is stored before the activity is reported as done.
 *  - The last action stores the end after its call has succeeded, and answers with time and attempts as they are stored,
 *    which the workflow takes over. It does so only while its attempt can still be reported: an end that is stored by an
 *    attempt that the server has given up would be a false one, and must be superseded later.
 */
import { Context } from '@temporalio/activity';
import { type ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInterceptorsFactory, Next } from '@temporalio/worker';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { JOURNAL_HEADER, unpack, type Batch, type JournalHeader } from '../journal/batch.js';
import type { Journal } from '../journal/journal.js';
import { createBreaker, type Breaker } from './breaker.js';
import { CORRELATION_ID } from './correlation.js';
import { later } from './failures.js';
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
  const { workflowId, runId } = workflowExecution;
  const { required = false, ...header } = unpack(defaultPayloadConverter.fromPayload(payload), workflowId);
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

async function storeBeside<T>(
  journal: Appending,
  breaker: Breaker,
  sent: SentBatch,
  act: () => Promise<T>,
): Promise<T> {
  const batch = withoutClosing(sent);
  if (batch.entries.length === 0 || !breaker.allows()) return act();
  const started = performance.now();
  let isStored = false;
  const storing = journal
    .append({ ...batch, required: false })
    .then(
      () => breaker.succeeded(),
      () => breaker.failed(),
    )
    .finally(() => (isStored = true));
  try {
    return await act();
  } finally {
    const left = BESIDE_MS - (performance.now() - started);
    if (!isStored && left > 0) await atMost(left, storing);
  }
}

async function atMost(milliseconds: number, promise: Promise<unknown>): Promise<void> {
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
  { tried = 0, ...end }: Closing,
  act: () => Promise<unknown>,
): Promise<unknown> {
  const started = performance.now();
  const attempt = attemptNumber();
  const result = await (attempt === 1
    ? tellOnFailure(journal, breaker, batch, act)
    : storeBeside(journal, breaker, batch, act));
  if (timeLeft(started) <= 0) throw notYet('no time is left to store the end');
  const closing = { ...end, attempts: tried + attempt, at: new Date().toISOString() };
  const appended = await journal.append({ ...batch, closing }).catch(notStored);
  if (appended.kind === 'ignored' || !appended.closing) {
    throw notYet(`the end was not stored: ${JSON.stringify(appended)}`);
  }
  return { ...(typeof result === 'object' ? result : {}), ...appended.closing };
}

/** Where all goes well the last action needs one round trip only; while it is retried the journal says so. */
async function tellOnFailure<T>(
  journal: Appending,
  breaker: Breaker,
  batch: SentBatch,
  act: () => Promise<T>,
): Promise<T> {
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
  const isAway = error instanceof Error && error.name === 'JournalUnavailableError';
  if (!isAway) Context.current().log.error('The journal refuses what a saga sends', { alert: 'JournalFault', error });
  throw notYet(error instanceof Error ? error.message : String(error));
}

const LONGEST_PAUSE_MS = 10_000;

/** Tried again soon: a saga rests or ends only when its journal is stored. Sagas that failed together come back apart. */
function notYet(reason: string): ApplicationFailure {
  const attempt = attemptNumber();
  const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(attempt - 1, 16));
  return later('JournalUnavailable', `journal: ${reason}`, attempt, pause / 2 + (Math.random() * pause) / 2);
}
