/**
 * Reads `saga-commands` as one of a consumer group. A message is done with when it is decided (decide.ts); until then its
 * partition waits, however long, and keeps its place in the group.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EachMessagePayload, IHeaders, Kafka, KafkaMessage, Producer } from 'kafkajs';
import {
  cloudEventHeaders,
  COMMANDS_TOPIC,
  ensureTopics,
  EVENTS_TOPIC,
  kafkaClient,
  REFUSED_COMMANDS_TOPIC,
} from '../journal/sinks/kafka-client.js';
import { decide, type DecideDeps, type Outcome, type RejectedCommand } from './decide.js';

const GROUP = 'unwind-saga-commands';
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
const PRUNE_EVERY = 3_600_000;

export interface CommandReaderOptions extends Omit<DecideDeps, 'reject'> {
  readonly brokers: readonly string[];
  /** Told when the broker goes away and comes back. */
  readonly onChange?: (state: 'reading' | 'away', reason?: string) => void;
  /** Told of each decision, and of each try that came to none. */
  readonly onDecision?: (outcome: Outcome | 'undecided', reason?: string) => void;
}

export interface CommandReader {
  state(): 'reading' | 'away';
  /** Resolves once it reads for the first time, or knows that the broker is away. */
  readonly begun: Promise<void>;
  /** Ends after the command that is being acted on. */
  stop(): Promise<void>;
}

export function readCommands(options: CommandReaderOptions): CommandReader {
  const stopping = new AbortController();
  let state: 'reading' | 'away' | undefined;
  let tellBegun = (): void => undefined;
  const begun = new Promise<void>((resolve) => (tellBegun = resolve));
  const change = (to: 'reading' | 'away', reason?: string): void => {
    if (state !== to) options.onChange?.(to, reason);
    state = to;
    tellBegun();
  };
  async function run(): Promise<void> {
    let pause = FIRST_PAUSE;
    while (!stopping.signal.aborted) {
      try {
        await session(options, stopping.signal, () => {
          pause = FIRST_PAUSE;
          change('reading');
        });
      } catch (error) {
        if (stopping.signal.aborted) return;
        change('away', error instanceof Error ? error.message : String(error));
        await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    }
  }
  const running = run();
  return {
    state: () => state ?? 'away',
    begun,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** From connecting to the first failure, which it throws, or to the signal. */
async function session(options: CommandReaderOptions, stopping: AbortSignal, onReading: () => void): Promise<void> {
  const kafka = kafkaClient(options.brokers);
  await ensureTopics(kafka, [COMMANDS_TOPIC, REFUSED_COMMANDS_TOPIC, EVENTS_TOPIC]);
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  const consumer = consumerOf(kafka);
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
    await producer.connect();
    await consumer.connect();
    // What was sent before anybody read is meant for us, too.
    await consumer.subscribe({ topic: COMMANDS_TOPIC, fromBeginning: true });
    await consumer.run({
      autoCommitThreshold: 1,
      partitionsConsumedConcurrently: 3,
      eachMessage: (payload) => untilDecided(options, producer, payload, stopping),
    });
    await Promise.race([joined, crashed, stopped]);
    if (!stopping.aborted) onReading();
    await Promise.race([lookingAfter(options, stopping), crashed, stopped]);
  } finally {
    await consumer.disconnect().catch(() => undefined);
    await producer.disconnect().catch(() => undefined);
  }
}

const consumerOf = (kafka: Kafka): Consumer =>
  kafka.consumer({
    groupId: GROUP,
    sessionTimeout: 15_000,
    heartbeatInterval: 1_000,
    // A failed session ends here, and the next begins anew with a new client.
    retry: { retries: 3, restartOnFailure: async () => false },
  });

async function lookingAfter({ inbox }: CommandReaderOptions, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    await inbox.prune().catch(() => undefined);
    await sleep(PRUNE_EVERY, undefined, { signal: stopping, ref: false }).catch(() => undefined);
  }
}

/** Throws only where it is to stop: then the message stays where it is. */
async function untilDecided(
  options: CommandReaderOptions,
  producer: Producer,
  { topic, partition, message, heartbeat }: EachMessagePayload,
  stopping: AbortSignal,
): Promise<void> {
  const place = `${topic}/${partition}/${message.offset}@${message.timestamp}`;
  const reject = (rejected: RejectedCommand): Promise<void> => publish(producer, message, place, rejected);
  for (let tries = 1; ; tries += 1) {
    if (stopping.aborted) throw new Error('it is to stop');
    try {
      const outcome = await decide({ ...options, reject }, { value: message.value, place }, tries);
      options.onDecision?.(outcome);
      return;
    } catch (error) {
      options.onDecision?.('undecided', error instanceof Error ? error.message : String(error));
      await heartbeat();
      await sleep(1_000, undefined, { signal: stopping }).catch(() => undefined);
      await heartbeat();
    }
  }
}

const MOST_VALUE = 64 * 1024;
const MOST_HEADERS = 16 * 1024;
const MOST_KEY = 1024;

/** As it came, unless with the reason it might be larger than the topic takes: then cut, or without it. */
function kept({ key, value, headers = {} }: KafkaMessage): Pick<KafkaMessage, 'key' | 'value' | 'headers'> {
  const size = JSON.stringify(headers).length;
  const cut: IHeaders = value && value.length > MOST_VALUE ? { 'x-refused-bytes': String(value.length) } : {};
  return {
    key: key && key.length > MOST_KEY ? null : key,
    value: value && value.subarray(0, MOST_VALUE),
    headers: { ...(size > MOST_HEADERS ? {} : headers), ...cut },
  };
}

/** As it came, with the reason beside it; and for everybody who follows sagas that it started or steered nothing. */
async function publish(
  producer: Producer,
  message: KafkaMessage,
  place: string,
  { id, sagaId, command, correlationId, code, detail }: RejectedCommand,
): Promise<void> {
  const at = new Date().toISOString();
  const type = 'SagaRejected';
  const extensions = { correlationid: correlationId };
  const about = { commandId: id, command: command ?? null, code, reason: detail };
  const event = { id: `rejected-${id}`, sagaId: sagaId ?? null, type, at, data: about, correlationId };
  const { key, value, headers } = kept(message);
  const refused = { 'x-refused-code': code, 'x-refused-reason': detail, 'x-refused-place': place, 'x-command-id': id };
  await producer.sendBatch({
    acks: -1,
    topicMessages: [
      {
        topic: REFUSED_COMMANDS_TOPIC,
        messages: [{ key, value, headers: { ...headers, ...refused } }],
      },
      {
        topic: EVENTS_TOPIC,
        messages: [
          {
            key: sagaId ?? null,
            value: JSON.stringify(event),
            headers: cloudEventHeaders({ id: event.id, type, subject: sagaId ?? 'none', time: at, extensions }),
          },
        ],
      },
    ],
  });
}
