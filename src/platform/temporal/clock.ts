/**
 * Temporal's time, as this process knows it. Deadlines that a workflow checks are written in it, so that a wrong clock of
 * this machine neither voids decisions nor lets them be acted on later (rule 24).
 *
 * Temporal's answers carry few times of the moment. One of them is free of any trace: a poll is noted with the time at
 * which it came, and the description of its task queue tells it. Between two measurements the monotonic clock counts, so
 * that a step of the wall clock changes nothing.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isGrpcServiceError, type Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Logger } from 'pino';
import { askTemporal, EngineUnavailableError } from './ask.js';

export interface TemporalClock {
  /** Milliseconds since the epoch, never later than Temporal's. @throws EngineUnavailableError if it must be measured and cannot */
  now(): Promise<number>;
  /** Measures; a request that is under way already is joined. @throws EngineUnavailableError */
  measure(): Promise<void>;
  /** Temporal's time minus this process's, in milliseconds; undefined while it is not known. */
  difference(): number | undefined;
  /** Resolves once nothing of it is under way. */
  stop(): Promise<void>;
}

/** The clocks of this machine, in milliseconds. Tests turn them. */
export interface LocalClocks {
  /** Since the epoch. */
  wall(): number;
  /** Never turned back. */
  monotonic(): number;
}

export interface TemporalClockOptions {
  readonly temporal: Client;
  /** Of the workflows. The polls are made beside it, on a queue that never holds a task. */
  readonly taskQueue: string;
  readonly logger: Logger;
  readonly clocks?: LocalClocks;
}

const MACHINE: LocalClocks = { wall: () => Date.now(), monotonic: () => performance.now() };

const MEASURE_EVERY_MS = 60_000;
const MEASURE_AGAIN_MS = 5_000;
/** Of one measurement; also bounds its error. */
const MEASURED_WITHIN_MS = 1_500;
/** A measurement with a smaller error than this is good enough; of three the best is taken. */
const GOOD_ENOUGH_MS = 50;
const TRIES = 3;
/** The wall clock was turned, or the machine has slept: measured again before it is used. */
const JUMP_MS = 500;
const WARNED_BEYOND_MS = 1_000;

interface Measured {
  /** Temporal's time, in milliseconds since the epoch, when the monotonic clock said `monotonic`. */
  readonly server: number;
  readonly monotonic: number;
  readonly wall: number;
  /** At most so far from the truth, in milliseconds. */
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
      known = await measured(temporal, taskQueue, clocks);
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

/** Temporal lives, and does not tell: a server for tests, or one that lets this process not poll. */
const isRefused = (error: unknown): boolean => {
  const cause = error instanceof EngineUnavailableError ? error.cause : error;
  return isGrpcServiceError(cause) && REFUSALS.has(cause.code);
};

/** gRPC's PERMISSION_DENIED and UNIMPLEMENTED. */
const REFUSALS: ReadonlySet<number> = new Set([7, 12]);

async function measured(temporal: Client, taskQueue: string, clocks: LocalClocks): Promise<Measured> {
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

/** Servers refuse a poll of less than 10 s, and warn of one of less than 20 s. It ends when the measurement does. */
const POLL_WITHIN_MS = 60_000;

/**
 * The poll came after `begun` and before `ended`: its time belongs to the middle. The queue is described before it is
 * polled, so that nothing is polled while Temporal is away, or where it would not tell.
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
      if (failure !== undefined || ended > deadline) throw new EngineUnavailableError(failure);
      // It had not come when that was answered.
      begun = asked;
    }
  } finally {
    over.abort();
  }
}

/** Temporal's time once, in milliseconds since the epoch. @throws EngineUnavailableError */
export async function readTemporalTime(temporal: Client, taskQueue: string): Promise<number> {
  try {
    const { server, monotonic, error } = await measured(temporal, taskQueue, MACHINE);
    return server + MACHINE.monotonic() - monotonic - error;
  } catch (error) {
    if (isRefused(error)) return MACHINE.wall();
    throw error;
  }
}
