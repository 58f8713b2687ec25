/**
 * Kafka: every event on `saga-events`, keyed by its saga, so that a saga's events are in one partition and in order.
 * At least once: what arrives twice has the same `ce_id`.
 */
import kafkajs, { type Message, type Producer } from 'kafkajs';
import {
  cloudEventHeaders,
  COMMANDS_TOPIC,
  ensureTopics,
  EVENTS_TOPIC,
  kafkaClient,
  REFUSED_COMMANDS_TOPIC,
} from './kafka-client.js';
import type { Delivery, Rejection, RelayedEvent, Sink, SinkSession } from './sink.js';

/** What a broker answers about a message; every other error is the broker's: https://kafka.apache.org/protocol#protocol_error_codes */
const ABOUT_THE_MESSAGE: ReadonlySet<string> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'POLICY_VIOLATION',
]);

export function kafkaSink(brokers: readonly string[]): Sink {
  return { name: 'kafka', takes: 'events', where: brokers.join(','), connect: () => openSession(brokers) };
}

async function openSession(brokers: readonly string[]): Promise<SinkSession> {
  const kafka = kafkaClient(brokers);
  await ensureTopics(kafka, [EVENTS_TOPIC, COMMANDS_TOPIC, REFUSED_COMMANDS_TOPIC]);
  const producer = kafka.producer({
    // The broker drops what a repeated request brings twice.
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    retry: { retries: 3 },
  });
  await producer.connect();
  return {
    deliver: (deliveries) => send(producer, deliveries),
    close: async () => {
      await producer.disconnect().catch(() => undefined);
    },
  };
}

/** All at once; where the broker rejects something in it, saga by saga, and there event by event. */
async function send(producer: Producer, deliveries: readonly Delivery[]): Promise<Rejection[]> {
  if (await accepted(producer, inOrder(deliveries))) return [];
  const rejections: Rejection[] = [];
  for (const { events } of deliveries) {
    const reason = await firstRejected(producer, events);
    if (reason) rejections.push(reason);
  }
  return rejections;
}

const inOrder = (deliveries: readonly Delivery[]): RelayedEvent[] => deliveries.flatMap(({ events }) => events);

async function firstRejected(producer: Producer, events: readonly RelayedEvent[]): Promise<Rejection | undefined> {
  for (const event of events) {
    const reason = await rejectionOf(producer, [event]);
    if (reason !== undefined) return { event, reason };
  }
  return undefined;
}

const accepted = async (producer: Producer, events: readonly RelayedEvent[]): Promise<boolean> =>
  events.length === 0 || (await rejectionOf(producer, events)) === undefined;

/** Why the broker rejects them; throws where it is away. */
async function rejectionOf(producer: Producer, events: readonly RelayedEvent[]): Promise<string | undefined> {
  try {
    await producer.send({ topic: EVENTS_TOPIC, acks: -1, timeout: 10_000, messages: events.map(messageOf) });
    return undefined;
  } catch (error) {
    const type = protocolErrorOf(error);
    if (type === undefined || !ABOUT_THE_MESSAGE.has(type)) throw error;
    return type;
  }
}

function protocolErrorOf(error: unknown): string | undefined {
  if (error instanceof kafkajs.KafkaJSProtocolError) return error.type;
  return error instanceof Error && error.cause !== undefined ? protocolErrorOf(error.cause) : undefined;
}

function messageOf(event: RelayedEvent): Message {
  const { id, sagaId, sagaType, branch, seq, type, at, data, correlationId, causationId } = event;
  const extensions = { correlationid: correlationId, causationid: causationId, sequence: String(seq) };
  return {
    key: sagaId,
    value: JSON.stringify({ id, sagaId, sagaType, branch, seq, type, at, data, correlationId, causationId }),
    headers: cloudEventHeaders({ id, type, subject: sagaId, time: at, extensions }),
  };
}
