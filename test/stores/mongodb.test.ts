import { MongoClient, type Db } from 'mongodb';
import { mongoSink } from '../../src/relay/sinks/mongodb.js';
import { describeWith } from '../support/stores/missing.js';
import { mongoServer } from '../support/stores/mongodb.js';
import type { StoreServer } from '../support/stores/server.js';
import { followsTheJournal } from './contract.js';
import type { WrittenJournal } from './written-journal.js';

interface Document {
  readonly _id: string;
  readonly version: number;
}

async function withMongo<T>({ url }: StoreServer, body: (database: Db) => Promise<T>): Promise<T> {
  const client = await MongoClient.connect(url, { serverSelectionTimeoutMS: 5_000 });
  try {
    return await body(client.db());
  } finally {
    await client.close();
  }
}

/** Each document is the row, and nothing else. */
async function expectEqual(server: StoreServer, journal: WrittenJournal): Promise<void> {
  const rows = await journal.rows();
  const ids = rows.map(({ sagaId }) => sagaId);
  const found = await withMongo(server, (database) =>
    database
      .collection<Document>('sagas')
      .find({ _id: { $in: ids } })
      .sort({ _id: 1 })
      .toArray(),
  );
  expect(found).toEqual(
    rows.map((row) => ({
      _id: row.sagaId,
      ...row,
      createdAt: new Date(row.createdAt),
      updatedAt: new Date(row.updatedAt),
    })),
  );
}

describeWith('TEST_MONGODB', "MongoDB's stand-in", () => {
  followsTheJournal({
    server: mongoServer,
    sink: ({ url }) => mongoSink(url),
    expectEqual,
    // Somebody has made another field unique, and given its value to another document.
    poison: async (server, sagaId) => {
      await withMongo(server, async (database) => {
        const sagas = database.collection<Document>('sagas');
        await sagas.createIndex({ 'data.orderId': 1 }, { unique: true, sparse: true });
        await sagas.insertOne({
          _id: 'in-the-way',
          version: 0,
          data: { orderId: sagaId.replace('order-', '') },
        } as never);
      });
      return () =>
        withMongo(server, async (database) => {
          await database.collection<Document>('sagas').deleteOne({ _id: 'in-the-way' });
          await database.collection<Document>('sagas').dropIndex('data.orderId_1');
        });
    },
    progressOf: (server, sagaId) =>
      withMongo(
        server,
        async (database) => (await database.collection<Document>('sagas').findOne({ _id: sagaId }))?.version ?? 0,
      ),
  });
});
