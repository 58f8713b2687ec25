/** The parts that the Kafka sink and the reader of commands share: client, topics, headers and rejections. */
import type { ConnectionOptions } from 'node:tls';
import kafkajs, { Kafka, logLevel, type Admin, type SASLOptions } from 'kafkajs';

export const EVENTS_TOPIC = 'saga-events';
export const COMMANDS_TOPIC = 'saga-commands';
export const REFUSED_COMMANDS_TOPIC = 'saga-commands-dlq';

const REQUEST_WITHIN_MS = 10_000;

export interface KafkaSettings {
  /** One host:port each. */
  readonly brokers: readonly string[];
  /** TLS; undefined for plain connections. */
  readonly ssl?: ConnectionOptions | undefined;
  readonly sasl?: SASLOptions | undefined;
}

/** A client that gives up soon: its user tries again with a new one. */
export function kafkaClient({ brokers, ssl, sasl }: KafkaSettings): Kafka {
  return new Kafka({
    clientId: 'unwind',
    brokers: [...brokers],
    ...(ssl && { ssl }),
    ...(sasl && { sasl }),
    connectionTimeout: 5_000,
    requestTimeout: REQUEST_WITHIN_MS,
    retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 },
    // The caller gets its errors and logs them.
    logLevel: logLevel.NOTHING,
  });
}

/**
 * The broker's errors about a message; every other error is about the broker:
 * https://kafka.apache.org/protocol#protocol_error_codes
 */
const ABOUT_THE_MESSAGE: ReadonlySet<string> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'POLICY_VIOLATION',
]);

/** The reason if the broker will never take this message; undefined if it may take it later. */
export function rejectionOf(error: unknown): string | undefined {
  const type = protocolErrorOf(error);
  return type !== undefined && ABOUT_THE_MESSAGE.has(type) ? type : undefined;
}

/** The broker's own name of an error, such as `TOPIC_AUTHORIZATION_FAILED`. */
export function protocolErrorOf(error: unknown): string | undefined {
  if (error instanceof kafkajs.KafkaJSProtocolError) return error.type;
  return error instanceof Error && error.cause !== undefined ? protocolErrorOf(error.cause) : undefined;
}

/** Creates the absent topics, with the broker's default number of partitions and replicas. */
export async function ensureTopics(kafka: Kafka, topics: readonly string[]): Promise<void> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const absent = await absentOf(admin, topics);
    if (absent.length > 0) {
      await admin.createTopics({ topics: absent.map((topic) => ({ topic })), waitForLeaders: true, timeout: 10_000 });
    }
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

async function absentOf(admin: Admin, topics: readonly string[]): Promise<string[]> {
  const present = new Set(await admin.listTopics());
  return topics.filter((topic) => !present.has(topic));
}

export interface CloudEvent {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly extensions?: Readonly<Record<string, string | null>>;
}

/**
 * The headers of CloudEvents 1.0 in binary mode: the value of the message is the event's JSON and nothing else.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
 */
export function cloudEventHeaders({ id, type, subject, time, extensions = {} }: CloudEvent): Record<string, string> {
  const present = Object.entries(extensions).filter((entry): entry is [string, string] => entry[1] !== null);
  return {
    'content-type': 'application/json; charset=UTF-8',
    ce_specversion: '1.0',
    ce_id: id,
    ce_source: '/unwind/sagas',
    ce_type: type,
    ce_subject: subject,
    ce_time: time,
    ...Object.fromEntries(present.map(([name, value]) => [`ce_${name}`, value])),
  };
}
