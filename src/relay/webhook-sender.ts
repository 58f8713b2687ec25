/**
 * Sends the messages that wait in the endpoints' queues. Any number of senders work beside one another; what one has
 * claimed when it dies, another one sends again under the same message id.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { escapeIdentifier } from 'pg';
import { migrateJournal } from '../journal/tables/migrate.js';
import { journalPool, once } from '../journal/write/journal.js';
import { claim, giveBack, settle, tidy, type DeliveryAttempt, type AttemptOutcome } from '../journal/webhooks/queue.js';
import { keepSession } from '../platform/keep-session.js';
import { kindOf } from '../platform/reason.js';
import { judge, PATIENCE_MS, pauseAfter } from '../platform/webhooks/judge.js';
import { sendWebhook } from '../platform/webhooks/send.js';
import type { TargetLimits } from '../platform/webhooks/target.js';

/** Milliseconds, but for `slots`. */
export interface SenderPace {
  /** Attempts at once in this process. */
  readonly slots: number;
  /** Between looks into empty queues. */
  readonly poll: number;
  /** After the time limit of an attempt: then its sender counts as dead. */
  readonly grace: number;
  /** How long a message is tried. */
  readonly patience: number;
  /** Between deletions of what is old. */
  readonly tidyEvery: number;
  /** Before the next attempt, after so many. */
  readonly pauseAfter: (tries: number) => number;
}

const PACE: SenderPace = {
  slots: 40,
  poll: 500,
  grace: 15_000,
  patience: PATIENCE_MS,
  tidyEvery: 600_000,
  pauseAfter,
};

export interface SenderOptions {
  readonly databaseUrl: string;
  readonly schema: string;
  readonly rules: TargetLimits;
  /** Milliseconds for one attempt. */
  readonly within: number;
  readonly pace?: Partial<SenderPace>;
  /** Called with each end of an attempt. */
  readonly onSettled?: (claimed: DeliveryAttempt, settled: AttemptOutcome) => void;
  /** Called when the queues are away or back. */
  readonly onChange?: (state: 'sending' | 'away', reason?: string) => void;
}

export interface Sender {
  /** Gives attempts under way two seconds, and gives the rest back to the queues. */
  stop(): Promise<void>;
}

const LAST_MS = 2_000;

/** @param options `databaseUrl` and `schema` are the journal's */
export function startWebhookSender(options: SenderOptions): Sender {
  const { databaseUrl, schema: name, rules, within, onSettled, onChange } = options;
  const pace = { ...PACE, ...options.pace };
  const schema = escapeIdentifier(name);
  const pool = journalPool({ databaseUrl, poolSize: 6, patienceMs: 5_000, onConnectionLoss: () => undefined });
  const prepare = once(() => migrateJournal(databaseUrl, name));
  const cut = new AbortController();
  const running = new Set<Promise<void>>();
  let tidied = 0;

  async function attempt(claimed: DeliveryAttempt): Promise<void> {
    const settled = await outcomeOf(claimed, { rules, within, pace, cancelled: cut.signal });
    // Cut off by this process, which says nothing about the endpoint.
    if (cut.signal.aborted && settled.status === null) await giveBack(pool, schema, [claimed]);
    else if (await settle(pool, schema, claimed, settled)) onSettled?.(claimed, settled);
  }

  function begin(claimed: DeliveryAttempt): void {
    // If its end cannot be stored, it is made again when its claim is over.
    const made: Promise<void> = attempt(claimed)
      .catch(() => undefined)
      .finally(() => running.delete(made));
    running.add(made);
  }

  async function work({ stopping, change }: { stopping: AbortSignal; change: (state: 'sending') => void }) {
    await prepare();
    while (!stopping.aborted) {
      const slots = pace.slots - running.size;
      const claims = slots > 0 ? await claim(pool, schema, slots, within + pace.grace) : [];
      change('sending');
      for (const each of claims) begin(each);
      if (performance.now() - tidied > pace.tidyEvery || tidied === 0) {
        if (!(await tidy(pool, schema))) tidied = performance.now();
      }
      const ends = slots > 0 ? [] : running;
      if (claims.length === 0) await Promise.race([sleepUnless(stopping, pace.poll), ...ends]);
    }
  }

  const kept = keepSession<'sending'>(
    { pause: { first: pace.poll, longest: 10_000 }, working: 'sending', onChange },
    work,
  );
  const end = once(async () => {
    await kept.stop();
    const late = setTimeout(() => cut.abort(), LAST_MS);
    await Promise.all(running);
    clearTimeout(late);
    await pool.end();
  });
  return { stop: end };
}

interface Sending {
  readonly rules: TargetLimits;
  readonly within: number;
  readonly pace: SenderPace;
  readonly cancelled: AbortSignal;
}

/** Makes one attempt, and says what it means. Never throws. */
async function outcomeOf(
  claimed: DeliveryAttempt,
  { rules, within, pace, cancelled }: Sending,
): Promise<AttemptOutcome> {
  const { messageId: id, url, body, secrets, tries } = claimed;
  const next = { pauseMs: pace.pauseAfter(tries), patienceMs: pace.patience };
  try {
    const answered = await sendWebhook({ id, url, body, secrets, rules, within, cancelled });
    return { ...next, ...judge(answered), status: answered.status, error: null };
  } catch (error) {
    return { ...next, kind: 'failed', status: null, error: kindOf(error) };
  }
}

async function sleepUnless(stopping: AbortSignal, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: stopping }).catch(() => undefined);
}
