/** An event has one name, in its `type` and in what it says (J7). */
import { randomUUID } from 'node:crypto';
import { startRelay } from '../../src/relay/relay.js';
import { verifyJournal } from '../../src/journal/audit/verify.js';
import { eventually } from '../support/eventually.js';
import { batchOf, CLOSING, entriesOf, GIVEN_UP, HAPPY } from './entries.js';
import { openTestJournal, type TestJournal } from './open-journal.js';
import { recordingSink } from './recording-sink.js';

let test: TestJournal;
beforeAll(async () => {
  test = await openTestJournal();
});
afterAll(() => test.close());

const happy = entriesOf(HAPPY);
const journal = () => ({ databaseUrl: test.url, schema: test.schema });
const named = (events: readonly { type: string; data: { readonly type?: unknown } }[]) =>
  events.map(({ type, data }) => [type, data.type]);
const lastOf = async (saga: string) => (await test.events(saga)).at(-1);

async function ended(): Promise<string> {
  const saga = `order-${randomUUID()}`;
  await test.journal.append(batchOf(saga, happy, { required: true, closing: CLOSING }));
  return saga;
}

it('the end of an order is called OrderFulfillmentCompleted wherever it is read: table, reader, stream and sinks (J7)', async () => {
  const saga = await ended();
  const events = await test.events(saga);
  expect(named(events)).toEqual(events.map(({ type }) => [type, type]));
  expect(events.at(-1)).toMatchObject({
    type: 'OrderFulfillmentCompleted',
    data: { state: 'COMPLETED', reason: null },
  });
  expect(await test.sql(`SELECT DISTINCT data->>'type' = type AS same FROM saga_events`)).toEqual([{ same: true }]);
  const stop = new AbortController();
  for await (const { type, data } of test.reader.follow(saga, { signal: stop.signal })) {
    expect(data.type).toBe(type);
    if (type === 'OrderFulfillmentCompleted') stop.abort();
  }
  const sink = recordingSink();
  const relay = startRelay({ databaseUrl: test.url, schema: test.schema, sink });
  await eventually('the delivery', 20_000, () => sink.events.length >= events.length);
  await relay.stop();
  expect(named(sink.events.filter(({ sagaId }) => sagaId === saga) as never)).toEqual(named(events));
});

it('a row of before, which says SagaEnded, is read under its name, goes on and is verified (J7)', async () => {
  const saga = await ended();
  await test.sql(
    `UPDATE saga_events SET data = jsonb_set(data, '{type}', '"SagaEnded"') WHERE saga_id = $1 AND seq = 10`,
    [saga],
  );
  expect(await lastOf(saga)).toMatchObject({
    type: 'OrderFulfillmentCompleted',
    data: { type: 'OrderFulfillmentCompleted' },
  });
  // The confirmation was given up after all: the end that did not come true is superseded.
  await test.another().append(batchOf(saga, entriesOf([...HAPPY, ...GIVEN_UP]), { required: true }));
  expect(await test.reader.getSaga(saga)).toMatchObject({ branch: 1, deadLetters: ['send_confirmation'] });
  expect((await verifyJournal({ journal: journal(), looks: 1 })).differences).toEqual([]);
});

it('the events of a saga whose row is lost are not called wrong (J7)', async () => {
  const saga = await ended();
  await test.sql('DELETE FROM sagas WHERE saga_id = $1', [saga]);
  expect((await verifyJournal({ journal: journal(), looks: 1 })).differences).toEqual([
    `${saga}: it has events and no row`,
  ]);
});
