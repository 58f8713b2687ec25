/**
 * Temporal's time, as this process measures it. Deadlines that a workflow checks are given in it, so that a wrong
 * clock of this machine neither voids decisions nor allows late ones (rule 24).
 *
 * Temporal's answers hold few current times. One of them leaves no trace: the server notes the arrival time of a
 * poll, and the description of the task queue shows it. Between two measurements the monotonic clock counts, so that
 * a step of the wall clock changes nothing.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isGrpcServiceError, type Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Logger } from 'pino';
import { askTemporal, TemporalUnavailableError } from './ask.js';

export interface TemporalClock {
  /**
   * Milliseconds since the epoch, never later than Temporal's. @throws TemporalUnavailableError if a measurement is
   * needed and fails
   */
  now(): Promise<number>;
  /** Measures, or joins a running measurement. @throws TemporalUnavailableError */
  measure(): Promise<void>;
  /** Temporal's time minus this process's, in milliseconds; undefined while it is not known. */
  difference(): number | undefined;
  /** Resolves when no measurement is running. */
  stop(): Promise<void>;
}

/** The clocks of this machine, in milliseconds. Tests replace them. */
export interface LocalClocks {
  /** Since the epoch. */
  wall(): number;
  /** Never runs backwards. */
  monotonic(): number;
}

export interface TemporalClockOptions {
  readonly temporal: Client;
  /** The workflows' queue. The polls go to a queue beside it that never holds a task. */
  readonly taskQueue: string;
  readonly logger: Logger;
  readonly clocks?: LocalClocks;
}

const MACHINE: LocalClocks = { wall: () => Date.now(), monotonic: () => performance.now() };

const MEASURE_EVERY_MS = 60_000;
const MEASURE_AGAIN_MS = 5_000;
/** The time-out of one measurement; it also bounds the error. */
const MEASURED_WITHIN_MS = 1_500;
/** A measurement with a smaller error than this is used at once; otherwise the best of three is. */
const GOOD_ENOUGH_MS = 50;
const TRIES = 3;
/**
 * A larger jump means that the wall clock was set or the machine slept: the time is measured again before it is used.
 */
const JUMP_MS = 500;
const WARNED_BEYOND_MS = 1_000;

interface Measured {
  /** Temporal's time, in milliseconds since the epoch, at the monotonic clock's `monotonic`. */
  readonly server: number;
  readonly monotonic: number;
  readonly wall: number;
  /** The largest possible error, in milliseconds. */
  readonly error: number;
}

/** Measures at once, every minute, and five seconds after a measurement that failed. */
export function watchTemporalClock({
  temporal,
  taskQueue,
  logger,
  clocks = MACHINE,
}: TemporalClockOptions): TemporalClock {
  const stopping = new AbortController();
  let known: Measured | undefined;
  let isUntold = false;
  let warned = false;
  let measuring: Promise<void> | undefined;

  const sinceThen = ({ monotonic }: Measured): number => clocks.monotonic() - monotonic;
  const hasJumped = (at: Measured): boolean => Math.abs(clocks.wall() - at.wall - sinceThen(at)) > JUMP_MS;
  const differenceOf = (at: Measured): number => at.server + sinceThen(at) - clocks.wall();

  async function measureNow(): Promise<void> {
    try {
      known = await measureOnce(temporal, taskQueue, clocks);
      isUntold = false;
    } catch (error) {
      if (!isRefused(error)) throw error;
      if (!isUntold) logger.warn({ reason: String(error) }, "Temporal's time cannot be learnt here: this clock counts");
      isUntold = true;
      return;
    }
    const difference = Math.round(differenceOf(known));
    const isFar = Math.abs(difference) > WARNED_BEYOND_MS;
    if (isFar && !warned) logger.warn({ difference }, `this clock and Temporal's differ by ${difference} ms`);
    if (!isFar && warned) logger.info({ difference }, "this clock and Temporal's agree again");
    warned = isFar;
  }

  const measure = (): Promise<void> => (measuring ??= measureNow().finally(() => (measuring = undefined)));

  async function keepMeasuring(): Promise<void> {
    while (!stopping.signal.aborted) {
      const again = await measure().then(
        () => MEASURE_EVERY_MS,
        () => MEASURE_AGAIN_MS,
      );
      await pause(again, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  }
  const keeping = keepMeasuring();

  return {
    async now() {
      if (isUntold) return clocks.wall();
      if (!known || hasJumped(known)) await measure();
      return known ? known.server + sinceThen(known) - known.error : clocks.wall();
    },
    measure,
    difference: () => known && Math.round(differenceOf(known)),
    async stop() {
      stopping.abort();
      await keeping;
      await measuring?.catch(() => undefined);
    },
  };
}

/** Temporal answers, but does not show the time: a test server, or a server that does not let this process poll. */
const isRefused = (error: unknown): boolean => {
  const cause = error instanceof TemporalUnavailableError ? error.cause : error;
  return isGrpcServiceError(cause) && REFUSALS.has(cause.code);
};

/** gRPC's PERMISSION_DENIED and UNIMPLEMENTED. */
const REFUSALS: ReadonlySet<number> = new Set([7, 12]);

async function measureOnce(temporal: Client, taskQueue: string, clocks: LocalClocks): Promise<Measured> {
  let best: Measured | undefined;
  for (let tries = 0; tries < TRIES && !(best && best.error <= GOOD_ENOUGH_MS); tries += 1) {
    const next = await measuredOnce(temporal, taskQueue, clocks);
    if (!best || next.error < best.error) best = next;
  }
  if (!best) throw new Error('nothing was measured');
  return best;
}

const { TASK_QUEUE_KIND_NORMAL } = proto.temporal.api.enums.v1.TaskQueueKind;
const { TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;

/** Servers refuse a poll of less than 10 s, and warn about one of less than 20 s. It ends with the measurement. */
const POLL_WITHIN_MS = 60_000;

/**
 * The poll arrived after `begun` and before `ended`, so its time is taken for the middle. The queue is described
 * before it is polled, so that no poll is sent if Temporal is away or does not show the time.
 */
async function measuredOnce(temporal: Client, taskQueue: string, clocks: LocalClocks): Promise<Measured> {
  const request = {
    namespace: temporal.options.namespace,
    taskQueue: { name: `${taskQueue}-clock`, kind: TASK_QUEUE_KIND_NORMAL },
  };
  const identity = `clock-${randomUUID()}`;
  const seen = async (): Promise<number | undefined> => {
    const { pollers } = await askTemporal(temporal, MEASURED_WITHIN_MS, () =>
      temporal.workflowService.describeTaskQueue({ ...request, taskQueueType: TASK_QUEUE_TYPE_ACTIVITY }),
    );
    const at = pollers?.find((poller) => poller.identity === identity)?.lastAccessTime;
    return at ? Number(at.seconds ?? 0) * 1_000 + (at.nanos ?? 0) / 1e6 : undefined;
  };
  await seen();
  const over = new AbortController();
  let begun = clocks.monotonic();
  const deadline = begun + MEASURED_WITHIN_MS;
  let failure: unknown;
  temporal
    .withAbortSignal(over.signal, () =>
      temporal.withDeadline(Date.now() + POLL_WITHIN_MS, () =>
        temporal.workflowService.pollActivityTaskQueue({ ...request, identity }),
      ),
    )
    .catch((error: unknown) => (failure = error));
  try {
    for (;;) {
      const asked = clocks.monotonic();
      const server = await seen();
      const ended = clocks.monotonic();
      const error = (ended - begun) / 2;
      if (server !== undefined) return { server: server + error, monotonic: ended, wall: clocks.wall(), error };
      if (failure !== undefined || ended > deadline) throw new TemporalUnavailableError(failure);
      // The poll had not arrived when the server answered this.
      begun = asked;
    }
  } finally {
    over.abort();
  }
}

/** Reads Temporal's time once, in milliseconds since the epoch. @throws TemporalUnavailableError */
async function readTemporalTime(temporal: Client, taskQueue: string): Promise<number> {
  try {
    const { server, monotonic, error } = await measureOnce(temporal, taskQueue, MACHINE);
    return server + MACHINE.monotonic() - monotonic - error;
  } catch (error) {
    if (isRefused(error)) return MACHINE.wall();
    throw error;
  }
}

/** For a process that asks seldom: each `now` is a measurement, and nothing runs between two of them. */
export const clockWithoutCache = (temporal: Client, taskQueue: string): Pick<TemporalClock, 'now' | 'measure'> => ({
  now: () => readTemporalTime(temporal, taskQueue),
  measure: () => Promise.resolve(),
});
