/**
 * Takes in the messages on `saga-commands`, as a member of a consumer group. Nothing waits here for a decision: a
 * message is stored, the offset moves on, and act.ts acts on the stored command. The topic waits only while the
 * journal's database is away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import {
  COMMANDS_TOPIC,
  ensureTopics,
  kafkaClient,
  protocolErrorOf,
  type KafkaSettings,
} from '../platform/kafka/client.js';
import { keepSession } from '../platform/keep-session.js';
import { readEveryRecord } from './codecs.js';
import type { Inbox, Message, TakenIn } from './inbox.js';
import { judge } from './judge.js';
import type { CommandKey } from '../caller.js';

const GROUP = 'unwind-saga-commands';
/**
 * How long the partitions of a killed process have no reader: the shortest time that brokers accept by default
 * (`group.min.session.timeout.ms`). If a broker asks for more, that is used.
 */
const SHORTEST_SESSION_MS = 6_000;
const LONGEST_SESSION_MS = 300_000;
const HEARTBEAT_MS = 1_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
const PRUNE_EVERY = 3_600_000;
const AT_ONCE = 200;

export interface CommandReaderOptions {
  readonly kafka: KafkaSettings;
  readonly inbox: Inbox;
  /** The keys of senders; undefined if commands are not signed. */
  readonly keys: readonly CommandKey[] | undefined;
  /** Called when the topic cannot be read or stored any more, and when it can again. */
  readonly onChange?: (state: 'reading' | 'away', reason?: string) => void;
  /** Called with the outcome of each message. */
  readonly onTakenIn?: (taken: readonly TakenIn[]) => void;
}

export interface CommandReader {
  state(): 'reading' | 'away';
  /** Resolves when it reads for the first time, or knows that the broker is away. */
  readonly begun: Promise<'reading' | 'away'>;
  /** Ends after the running batch. */
  stop(): Promise<void>;
}

export function readCommands(options: CommandReaderOptions): CommandReader {
  readEveryRecord();
  let sessionMs = SHORTEST_SESSION_MS;
  const kept = keepSession<'reading'>(
    {
      pause: { first: FIRST_PAUSE, longest: LONGEST_PAUSE },
      working: 'reading',
      onChange: options.onChange,
      isMended: (error) => {
        const isTooShort = protocolErrorOf(error) === 'INVALID_SESSION_TIMEOUT' && sessionMs < LONGEST_SESSION_MS;
        if (isTooShort) sessionMs = Math.min(sessionMs * 2, LONGEST_SESSION_MS);
        return isTooShort;
      },
    },
    ({ stopping, change }) => session(options, { sessionMs, stopping }, () => change('reading')),
  );
  return { state: () => kept.state() ?? 'away', begun: kept.begun, stop: kept.stop };
}

/** From connecting to the first failure, which it throws, or to the signal. */
async function session(
  options: CommandReaderOptions,
  { sessionMs, stopping }: { readonly sessionMs: number; readonly stopping: AbortSignal },
  onReading: () => void,
): Promise<void> {
  const kafka = kafkaClient(options.kafka);
  await ensureTopics(kafka, [COMMANDS_TOPIC]);
  const consumer = consumerOf(kafka, sessionMs);
  const crashed = new Promise<never>((_resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
  });
  crashed.catch(() => undefined);
  const stopped = new Promise<void>((resolve) => {
    if (stopping.aborted) resolve();
    stopping.addEventListener('abort', () => resolve(), { once: true });
  });
  const joined = new Promise<void>((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, () => resolve());
  });
  try {
    await consumer.connect();
    // Messages from before the first reader are read as well.
    await consumer.subscribe({ topic: COMMANDS_TOPIC, fromBeginning: true });
    await consumer.run({
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 3,
      eachBatch: (payload) => takeIn(options, payload),
    });
    await Promise.race([joined, crashed, stopped]);
    if (!stopping.aborted) onReading();
    await Promise.race([lookingAfter(options, stopping), crashed, stopped]);
  } finally {
    await consumer.disconnect().catch(() => undefined);
  }
}

const consumerOf = (kafka: Kafka, sessionTimeout: number): Consumer =>
  kafka.consumer({
    groupId: GROUP,
    sessionTimeout,
    heartbeatInterval: HEARTBEAT_MS,
    // A fetch that waits longer would keep the next heartbeat waiting.
    maxWaitTimeInMs: HEARTBEAT_MS,
    rebalanceTimeout: 15_000,
    // A failed session ends here, and the next begins with a new client.
    retry: { retries: 3, restartOnFailure: async () => false },
  });

async function lookingAfter({ inbox }: CommandReaderOptions, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    await inbox.prune().catch(() => undefined);
    await sleep(PRUNE_EVERY, undefined, { signal: stopping, ref: false }).catch(() => undefined);
  }
}

/** Throws only errors of the database; the messages are then fetched again. */
async function takeIn(
  { inbox, keys, onTakenIn }: CommandReaderOptions,
  {
    batch,
    resolveOffset,
    heartbeat,
    commitOffsetsIfNecessary,
    uncommittedOffsets,
    isRunning,
    isStale,
  }: EachBatchPayload,
): Promise<void> {
  for (let from = 0; from < batch.messages.length; from += AT_ONCE) {
    if (!isRunning() || isStale()) return;
    const messages = batch.messages.slice(from, from + AT_ONCE);
    // On its own line, because the arguments of an absent callback are not evaluated.
    const taken = await beating(heartbeat, inbox.takeIn(messages.map((message) => messageOf(batch, message, keys))));
    onTakenIn?.(taken);
    resolveOffset(messages.at(-1)?.offset ?? '');
    await commitOffsetsIfNecessary(uncommittedOffsets());
    await heartbeat();
  }
}

/**
 * Sends heartbeats during the work, so that a slow database does not end the group membership. An error of a
 * heartbeat is thrown after the work.
 */
async function beating<T>(heartbeat: () => Promise<void>, work: Promise<T>): Promise<T> {
  const timer = setInterval(() => void heartbeat().catch(() => undefined), HEARTBEAT_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

function messageOf(
  { topic, partition }: Batch,
  { offset, timestamp, key, value, headers = {} }: KafkaMessage,
  keys: readonly CommandKey[] | undefined,
): Message {
  const received = { place: `${topic}/${partition}/${offset}@${timestamp}`, key, value, headers };
  return { received, judged: judge(received, keys) };
}
