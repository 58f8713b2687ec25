/**
 * Kafka: every event on `saga-events`, keyed by its saga, so that a saga's events are in one partition and in order.
 * At least once: repeats have the same `ce_id`.
 */
import type { Message, Producer } from 'kafkajs';
import {
  cloudEventHeaders,
  ensureTopics,
  EVENTS_TOPIC,
  kafkaClient,
  rejectionOf,
  type KafkaSettings,
} from '../../platform/kafka/client.js';
import type { Delivery, Rejection, RelayedEvent, Sink, SinkSession } from './sink.js';

export function kafkaSink(settings: KafkaSettings): Sink {
  const where = settings.brokers.join(',');
  return { name: 'kafka', takes: 'events', where, connect: () => openSession(settings) };
}

async function openSession(settings: KafkaSettings): Promise<SinkSession> {
  const kafka = kafkaClient(settings);
  await ensureTopics(kafka, [EVENTS_TOPIC]);
  const producer = kafka.producer({
    // The broker drops the duplicates of a repeated request.
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

/** All at once; if the broker rejects a part, saga by saga, and within that saga event by event. */
async function send(producer: Producer, deliveries: readonly Delivery[]): Promise<Rejection[]> {
  if (await isAccepted(producer, inOrder(deliveries))) return [];
  const rejections: Rejection[] = [];
  for (const { events } of deliveries) {
    const reason = await findRejection(producer, events);
    if (reason) rejections.push(reason);
  }
  return rejections;
}

const inOrder = (deliveries: readonly Delivery[]): RelayedEvent[] => deliveries.flatMap(({ events }) => events);

async function findRejection(producer: Producer, events: readonly RelayedEvent[]): Promise<Rejection | undefined> {
  for (const event of events) {
    const reason = await rejectionReason(producer, [event]);
    if (reason !== undefined) return { event, reason };
  }
  return undefined;
}

const isAccepted = async (producer: Producer, events: readonly RelayedEvent[]): Promise<boolean> =>
  events.length === 0 || (await rejectionReason(producer, events)) === undefined;

/** The broker's reason for rejecting them; throws if the broker is away. */
async function rejectionReason(producer: Producer, events: readonly RelayedEvent[]): Promise<string | undefined> {
  try {
    await producer.send({ topic: EVENTS_TOPIC, acks: -1, timeout: 10_000, messages: events.map(messageOf) });
    return undefined;
  } catch (error) {
    const reason = rejectionOf(error);
    if (reason === undefined) throw error;
    return reason;
  }
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
