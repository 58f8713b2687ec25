import { ConfigResourceTypes, Kafka, logLevel, type KafkaMessage } from 'kafkajs';
import { startRelay } from '../../src/relay/relay.js';
import { EVENTS_TOPIC } from '../../src/platform/kafka/client.js';
import { kafkaSink } from '../../src/relay/sinks/kafka.js';
import { databaseUrl } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { kafkaServer } from '../support/stores/kafka.js';
import { describeWith } from '../support/stores/missing.js';
import type { StoreServer } from '../support/stores/server.js';
import { BULK, followsTheJournal, PACE } from './contract.js';
import { completedOrder } from './stories.js';
import { writtenJournal, type WrittenJournal } from './written-journal.js';

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
    sink: ({ url }) => kafkaSink({ brokers: [url] }),
    expectEqual,
    poison: async (server) => {
      await setLargestMessage(server, BULK);
      return () => setLargestMessage(server, 1024 * 1024);
    },
    progressOf: async (server, sagaId) => new Set((await idsIn(server, [sagaId])).get(sagaId)).size,
  });

  it('says of each event what it is in the headers of CloudEvents', async () => {
    const server = await kafkaServer();
    const journal = await writtenJournal();
    try {
      await server.start();
      const relay = startRelay({
        databaseUrl: databaseUrl(),
        schema: journal.schema,
        sink: kafkaSink({ brokers: [server.url] }),
        pace: PACE,
      });
      await journal.append('order-told', completedOrder('told').slice(0, 2));
      await eventually('both events', 60_000, () => journal.isDelivered('kafka'));
      await relay.stop();
      const [, second] = await readTopic(server, EVENTS_TOPIC);
      const [, id] = (await journal.eventIds()).get('order-told') ?? [];
      expect(String(second?.key)).toBe('order-told');
      const headers = Object.entries(second?.headers ?? {}).map(([name, value]) => [name, String(value)]);
      expect(Object.fromEntries(headers)).toMatchObject({
        ce_specversion: '1.0',
        ce_id: id,
        ce_source: '/unwind/sagas',
        ce_type: 'SagaStepStarted',
        ce_subject: 'order-told',
        ce_sequence: '2',
        ce_correlationid: 'correlation-order-told',
      });
      expect(JSON.parse(String(second?.value))).toMatchObject({
        id,
        sagaId: 'order-told',
        type: 'SagaStepStarted',
        seq: 2,
      });
    } finally {
      await journal.close();
      await server.close();
    }
  }, 180_000);
});
