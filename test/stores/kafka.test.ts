import { ConfigResourceTypes, Kafka, logLevel, type KafkaMessage } from 'kafkajs';
import { EVENTS_TOPIC } from '../../src/journal/sinks/kafka-client.js';
import { kafkaSink } from '../../src/journal/sinks/kafka.js';
import { eventually } from '../support/eventually.js';
import { kafkaServer } from '../support/stores/kafka.js';
import { describeWith } from '../support/stores/missing.js';
import type { StoreServer } from '../support/stores/server.js';
import { BULK, followsTheJournal } from './contract.js';
import type { WrittenJournal } from './written-journal.js';

const clientOf = ({ url }: StoreServer): Kafka => new Kafka({ brokers: [url], logLevel: logLevel.NOTHING });

/** All messages of the topic, those of one saga in their order. */
async function readTopic(server: StoreServer, topic: string): Promise<KafkaMessage[]> {
  const kafka = clientOf(server);
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const missing = new Map(
    ends.filter(({ high }) => high !== '0').map(({ partition, high }) => [partition, BigInt(high)]),
  );
  const messages: KafkaMessage[] = [];
  if (missing.size === 0) return messages;
  const consumer = kafka.consumer({ groupId: `reader-${Math.random()}`, retry: { retries: 10 } });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      messages.push(message);
      if (BigInt(message.offset) + 1n >= (missing.get(partition) ?? 0n)) missing.delete(partition);
    },
  });
  await eventually(`the end of ${topic}`, 60_000, () => missing.size === 0);
  await consumer.disconnect();
  return messages;
}

const idOf = ({ headers }: KafkaMessage): string => String(headers?.['ce_id']);

async function idsIn(server: StoreServer, sagaIds: readonly string[]): Promise<Map<string, string[]>> {
  const messages = await readTopic(server, EVENTS_TOPIC);
  return new Map(
    sagaIds.map((sagaId) => {
      const ids = messages.filter(({ key }) => String(key) === sagaId).map(idOf);
      return [sagaId, ids];
    }),
  );
}

/** What arrives first of each id is every event of the saga, in order: more than once is allowed. */
async function expectEqual(server: StoreServer, journal: WrittenJournal): Promise<void> {
  const expected = await journal.eventIds();
  const found = await idsIn(server, [...expected.keys()]);
  for (const [sagaId, ids] of expected) expect([...new Set(found.get(sagaId))]).toEqual(ids);
}

async function setLargestMessage(server: StoreServer, bytes: number): Promise<void> {
  const admin = clientOf(server).admin();
  await admin.connect();
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: ConfigResourceTypes.TOPIC,
        name: EVENTS_TOPIC,
        configEntries: [{ name: 'max.message.bytes', value: String(bytes) }],
      },
    ],
  });
  await admin.disconnect();
}

describeWith('TEST_KAFKA', 'a real Kafka', () => {
  followsTheJournal({
    server: () => kafkaServer(),
    sink: ({ url }) => kafkaSink([url]),
    expectEqual,
    poison: async (server) => {
      await setLargestMessage(server, BULK);
      return () => setLargestMessage(server, 1024 * 1024);
    },
    progressOf: async (server, sagaId) => new Set((await idsIn(server, [sagaId])).get(sagaId)).size,
  });
});
