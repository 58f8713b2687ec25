import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createBreaker } from '../../../src/activities/interceptors/breaker.js';
import { journalInterceptor } from '../../../src/activities/interceptors/store-journal.js';
import type { Appended } from '../../../src/journal/write/append.js';
import type { Batch } from '../../../src/journal/write/batch.js';
import { JournalUnavailableError } from '../../../src/journal/tables/unavailable.js';
import { JOURNAL_HEADER, type JournalHeader } from '../../../src/saga/journal/events.js';
import { entriesOf, HAPPY } from '../../journal/entries.js';

const entries = entriesOf(HAPPY);
const closing = { step: 'send_confirmation', state: 'COMPLETED', reason: null } as const;
const header = (more: Partial<JournalHeader> = {}): JournalHeader => ({
  sagaId: 'order-1',
  sagaType: 'OrderFulfillment',
  entries,
  ...more,
});
const LAST = header({ required: true, closing });

type Info = NonNullable<ConstructorParameters<typeof MockActivityEnvironment>[0]>;

const ON_TIME: Info = {
  startToCloseTimeoutMs: 10_000,
  scheduleToCloseTimeoutMs: 60_000,
  scheduledTimestampMs: 1_000,
  currentAttemptScheduledTimestampMs: 1_000,
};

interface Attempt {
  readonly info?: Info;
  readonly act?: () => Promise<unknown>;
  /** Of several attempts; without it each has a store of its own. */
  readonly interceptor?: ReturnType<typeof journalInterceptor>;
}

/** Runs an activity that sends this header, with a store that does as it is told. */
function attempt(
  sent: JournalHeader,
  store: (batch: Batch) => Promise<Appended>,
  { info = {}, act = async () => ({ attempts: 1 }), interceptor = journalInterceptor({ append: store }) }: Attempt = {},
): Promise<unknown> {
  const workflowExecution = { workflowId: 'order-1', runId: 'run-a' };
  const env = new MockActivityEnvironment({ ...ON_TIME, workflowExecution, ...info });
  const headers = { [JOURNAL_HEADER]: defaultPayloadConverter.toPayload(sent) };
  return env.run(async () => {
    const { inbound } = interceptor({} as never);
    return inbound?.execute?.({ args: [], headers }, act);
  });
}

const away = (): Promise<never> => Promise.reject(new JournalUnavailableError(new Error('away')));
const never = (): Promise<never> => new Promise(() => undefined);
const stored = (batch: Batch): Promise<Appended> =>
  Promise.resolve({
    kind: 'stored',
    version: batch.entries.length + (batch.closing ? 2 : 0),
    ...(batch.closing && { closing: { attempts: batch.closing.attempts, closedAt: batch.closing.at } }),
  });

describe('an ordinary activity', () => {
  it('answers although the journal is away', async () => {
    expect(await attempt(header(), away)).toEqual({ attempts: 1 });
  });

  it('says up to which of its entries the journal is stored, and nothing of those of another run', async () => {
    const sent = entries.at(-1)?.seq ?? 0;
    const version = (at: number) => async (): Promise<Appended> => ({ kind: 'stored', version: at });
    expect(await attempt(header(), version(sent - 1))).toEqual({ attempts: 1, storedUpTo: sent - 1 });
    expect(await attempt(header(), version(sent + 5))).toEqual({ attempts: 1, storedUpTo: sent });
    expect(await attempt(header(), version(sent), { act: async () => 'a text' })).toBe('a text');
  });

  it('waits at most 200 ms for a journal that does not answer', async () => {
    const started = performance.now();
    await attempt(header(), never);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('brings what it carries, and never says that it carries everything', async () => {
    const batches: Batch[] = [];
    await attempt(header(), async (batch) => (batches.push(batch), stored(batch)));
    expect(batches).toEqual([{ ...header(), runId: 'run-a', correlationId: null, required: false }]);
  });
});

describe('a journal that is away', () => {
  it('is asked no more by ordinary activities after three failures, and still by what must be stored', async () => {
    let asked = 0;
    const store = (): Promise<never> => ((asked += 1), away());
    const interceptor = journalInterceptor({ append: store });
    for (let times = 0; times < 5; times++) await attempt(header(), store, { interceptor });
    expect(asked).toBe(3);
    await expect(attempt(header({ required: true }), store, { interceptor })).rejects.toThrow('journal');
    expect(asked).toBe(4);
  });
});

describe('what must be stored', () => {
  it('is tried again while the journal is away, soon', async () => {
    const failure = await attempt(header({ required: true }), away, { info: { attempt: 40 } }).catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: 'JournalUnavailable', nonRetryable: false });
    expect(Number((failure as ApplicationFailure).nextRetryDelay)).toBeLessThanOrEqual(10_000);
  });
});

describe('the last action (rule 28)', () => {
  it('answers with time and attempts as they are stored, by which attempt ever', async () => {
    const closing = { attempts: 1, closedAt: '2026-01-01T00:00:00.000Z' };
    const version = entries.length + 2;
    const result = await attempt(LAST, async () => ({ kind: 'stored', version, closing }), { info: { attempt: 3 } });
    expect(result).toEqual({ ...closing, storedUpTo: version });
  });

  it('stores no end before its call has succeeded', async () => {
    const batches: Batch[] = [];
    const store = async (batch: Batch): Promise<Appended> => (batches.push(batch), stored(batch));
    const failing = attempt(LAST, store, { act: () => Promise.reject(new Error('hangs up')) });
    await expect(failing).rejects.toThrow('hangs up');
    expect(batches.map((batch) => batch.closing)).toEqual([undefined]);
  });

  it('stores no end that it can no longer report: neither late in its attempt nor late in its budget', async () => {
    let appends = 0;
    const store = (batch: Batch): Promise<Appended> => ((appends += 1), stored(batch));
    const slow = { info: { startToCloseTimeoutMs: 50 }, act: () => pause(60) };
    expect(await attempt(LAST, store, slow)).not.toHaveProperty('storedUpTo');
    const spent = { info: { currentAttemptScheduledTimestampMs: 60_500 } };
    expect(await attempt(LAST, store, spent)).not.toHaveProperty('storedUpTo');
    expect(appends).toBe(0);
  });

  it('is done when its call is, and does not say that its end was stored if it was not (S13)', async () => {
    const overtaken = async (): Promise<Appended> => ({ kind: 'ignored', why: 'overtaken' });
    for (const store of [away, overtaken]) {
      const result = attempt(LAST, store, { info: { attempt: 2 } });
      await expect(result).resolves.toEqual({ attempts: 1, closedAt: expect.any(String) });
    }
    const withoutEnd = async (): Promise<Appended> => ({ kind: 'stored', version: 99 });
    expect(await attempt(LAST, withoutEnd)).not.toHaveProperty('storedUpTo');
  });
});

describe('the breaker', () => {
  it('opens after three failures, tries again every five seconds, and closes with the first success', () => {
    let now = 0;
    const changes: string[] = [];
    const breaker = createBreaker(
      (change) => changes.push(change),
      () => now,
    );
    for (let times = 0; times < 3; times++) {
      expect(breaker.allows()).toBe(true);
      breaker.failed();
    }
    expect(breaker.allows()).toBe(false);
    now = 5_000;
    expect([breaker.allows(), breaker.allows()]).toEqual([true, false]);
    breaker.succeeded();
    expect([breaker.allows(), breaker.allows()]).toEqual([true, true]);
    expect(changes).toEqual(['away', 'back']);
  });
});
