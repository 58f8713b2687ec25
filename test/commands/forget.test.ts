/** What Kafka's commands hold of a person is forgotten, wherever it is kept (rule 55): nothing is left in any table. */
import { Client as Postgres } from 'pg';
import { forgetCommands, type ForgottenCommand, type OrderStanding, type Subject } from '../../src/commands/forget.js';
import { openQueues } from '../../src/commands/queues.js';
import { openRefusals } from '../../src/commands/refusals.js';
import { dlqForms, eventForms } from '../../src/commands/refusal-records.js';
import { KEY_HEADER, SIGNATURE_HEADER, signatureOf, TIMESTAMP_HEADER } from '../../src/commands/sender.js';
import { databaseUrl } from '../support/database.js';
import { cancelOrder, commandTables, received, startOrder, type CommandTables } from './queued.js';

const ANN = '4711-ann';
const SECRET = '0123456789abcdef0123456789abcdef';
const KEYS = [{ name: ANN, role: 'customer' as const, secret: SECRET }];
const CANARY = 'Elm Road 1';
const address = { name: 'Ann Lee', street: CANARY, city: 'Vienna', postalCode: '1010', country: 'AT' };
const start = (sagaId: string, more: object = {}) =>
  startOrder(sagaId, { commandId: sagaId, customerId: ANN, shippingAddress: address, ...more });

let tables: CommandTables;
beforeAll(async () => {
  tables = await commandTables();
});
afterAll(() => tables.close());
beforeEach(async () => {
  for (const table of ['queued_commands', 'command_queues', 'saga_commands', 'dead_letters'])
    await tables.rows(`DELETE FROM @.${table}`);
});

/** All that the schema holds, bytes read as text. */
async function dump(): Promise<string> {
  const client = new Postgres({ connectionString: databaseUrl() });
  await client.connect();
  try {
    const { rows: names } = await client.query<{ name: string }>(
      'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1',
      [tables.schema],
    );
    const all: string[] = [];
    for (const { name } of names) {
      const { rows } = await client.query(`SELECT * FROM ${tables.schema}.${name}`);
      const text = JSON.stringify(rows, (_key, value: unknown) => {
        const isBytes = typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer';
        return isBytes ? Buffer.from((value as { data: number[] }).data).toString() : value;
      });
      all.push(
        text,
        text.replaceAll(/[A-Za-z0-9+/]{8,}={0,2}/g, (data) => Buffer.from(data, 'base64').toString()),
      );
    }
    return all.join('\n');
  } finally {
    await client.end();
  }
}

/** Of orders that do not exist unless they are named. */
async function forget(
  about: Subject['about'],
  { standings = {}, dry = false }: { standings?: Record<string, OrderStanding>; dry?: boolean } = {},
): Promise<ForgottenCommand[]> {
  const orders: Subject['orders'] = async (ids) =>
    new Map(ids.flatMap((id) => (standings[id] ? [[id, standings[id]] as const] : [])));
  const how = { by: 'olga', reason: 'ticket 17', dry, stop: new AbortController().signal };
  const all: ForgottenCommand[] = [];
  for await (const one of forgetCommands(tables.pool, tables.schema, { about, orders }, how)) all.push(one);
  return all;
}

/** As an outage or a service that is away leaves them: tried, and not decided. */
const park = (queue: string) =>
  tables.rows(`UPDATE @.command_queues SET parked_at = now(), reason = 'NotDecided', attempts = 2 WHERE queue = $1`, [
    queue,
  ]);
const outcomesOf = (all: readonly ForgottenCommand[]): string[] => all.map(({ id, outcome }) => `${id} ${outcome}`);
const unpublished = () => openRefusals(tables.pool, tables.schema).claim(50);

it('a parked start with all that waits behind it is dropped, and nothing of it is left in any table (rule 55)', async () => {
  await tables.takeIn([
    received(start('a')),
    received(cancelOrder('a', { commandId: 'a-2', comment: `I am no longer at ${CANARY}` })),
    received(startOrder('b', { commandId: 'b', customerId: 'bob' })),
  ]);
  await park('order-a');
  expect(await dump()).toContain(CANARY);
  expect(outcomesOf(await forget({ orderId: 'a' }, { dry: true }))).toEqual(['a dropped', 'a-2 dropped']);
  expect(await dump()).toContain(CANARY);
  expect(outcomesOf(await forget({ orderId: 'a' }))).toEqual(['a dropped', 'a-2 dropped']);
  const left = await dump();
  expect(left).not.toMatch(/Elm Road|Ann Lee|4711-ann/);
  // Who has done it and why is kept; the neighbours are as they were.
  expect(await tables.rows(`SELECT resolved_by, resolved_reason FROM @.dead_letters ORDER BY event_id`)).toEqual([
    { resolved_by: 'olga', resolved_reason: 'ticket 17' },
    { resolved_by: 'olga', resolved_reason: 'ticket 17' },
  ]);
  expect(await tables.rows('SELECT queue FROM @.command_queues')).toEqual([{ queue: 'order-b' }]);
  expect(await tables.rows(`SELECT id, outcome FROM @.saga_commands ORDER BY id`)).toEqual([
    { id: 'a', outcome: 'refused' },
    { id: 'a-2', outcome: 'refused' },
    { id: 'b', outcome: null },
  ]);
  // A repeat by the broker brings nothing back.
  expect(await tables.takeIn([received(start('a'))])).toEqual(['repeated']);
  expect(await forget({ orderId: 'a' })).toEqual([]);
  expect(await dump()).not.toContain(CANARY);
});

it('what is published of a dropped command is its reason, without what was sent and without the operator’s words', async () => {
  await tables.takeIn([received(start('a'), { key: Buffer.from(ANN), headers: { who: Buffer.from('Ann Lee') } })]);
  await park('order-a');
  await forget({ customerId: ANN });
  const [refusal] = await unpublished();
  if (!refusal) throw new Error('nothing is to be published');
  const records = [...dlqForms(refusal), ...eventForms(refusal)].map(({ key, value, headers }) =>
    JSON.stringify([String(key), String(value), Object.entries(headers ?? {}).map(String)]),
  );
  expect(records.join('\n')).toContain('its customer or its order is forgotten');
  expect(records.join('\n')).not.toMatch(/Elm Road|Ann Lee|4711-ann|ticket 17|olga/);
});

it('a customer is found by name, by signature, by key, and in unreadable commands', async () => {
  const value = Buffer.from(JSON.stringify(startOrder('signed', { shippingAddress: address })));
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signature = signatureOf(SECRET, timestamp, value);
  const headers = { [KEY_HEADER]: ANN, [TIMESTAMP_HEADER]: timestamp, [SIGNATURE_HEADER]: signature };
  await tables.takeIn([received(String(value), { headers })], KEYS);
  await tables.takeIn([
    received(start('named')),
    received(startOrder('keyed', { commandId: 'keyed', shippingAddress: address }), { key: Buffer.from(ANN) }),
    received(`{"sagaId": "broken", "customerId": "${ANN}", "street": "${CANARY}"`),
    received(start('wrong', { items: [] })),
    received(
      startOrder('other', { commandId: 'other', customerId: 'bob', shippingAddress: { ...address, street: 'Oak 2' } }),
    ),
  ]);
  await tables.rows(`UPDATE @.queued_commands SET received_at = now() - interval '1 hour'`);
  const forgotten = await forget({ customerId: ANN });
  expect(forgotten.map(({ outcome }) => outcome)).toEqual(['dropped', 'dropped', 'dropped', 'blanked', 'blanked']);
  const left = await dump();
  expect(left).not.toMatch(/Elm Road|"4711-ann"/);
  expect(left).toContain('Oak 2');
  expect(await unpublished()).toHaveLength(5);
});

it('commands of an order that was forgotten go, those of one that still needs its data stay, and a refused one says nothing more', async () => {
  await tables.takeIn([
    received(cancelOrder('gone', { commandId: 'gone', comment: CANARY })),
    received(cancelOrder('runs', { commandId: 'runs', comment: 'Oak 2' })),
    received(cancelOrder('runs', { commandId: 'refused', comment: CANARY, odd: 1 })),
    received(cancelOrder('bobs', { commandId: 'bobs', comment: 'Ash 3' })),
  ]);
  await tables.rows(`UPDATE @.queued_commands SET received_at = now() - interval '1 hour'`);
  const standings = { gone: 'forgotten', runs: 'kept', bobs: 'other' } as const;
  expect(outcomesOf(await forget({ customerId: ANN }, { standings }))).toEqual(['gone dropped', 'refused blanked']);
  const left = await dump();
  expect(left).not.toContain(CANARY);
  expect(left).toContain('Oak 2');
  expect(left).toContain('Ash 3');
});

it('one that is being tried, or has just come, is named and left, and goes when that is repeated', async () => {
  await tables.takeIn([received(start('a'))]);
  expect(outcomesOf(await forget({ orderId: 'a' }))).toEqual(['a busy']);
  await tables.rows(`UPDATE @.queued_commands SET received_at = now() - interval '1 hour'`);
  const queues = openQueues(tables.pool, tables.schema);
  const [claimed] = await queues.claim('fresh', 1);
  expect(outcomesOf(await forget({ orderId: 'a' }))).toEqual(['a busy']);
  expect(await dump()).toContain(CANARY);
  if (!claimed) throw new Error('nothing is claimed');
  await queues.undecided(claimed, { reason: 'NotDecided', pauseMs: 1_000, spentMs: 1 }, 600_000);
  expect(outcomesOf(await forget({ orderId: 'a' }))).toEqual(['a dropped']);
  expect(await dump()).not.toContain(CANARY);
});

it('of hundreds of commands each page is looked through', async () => {
  await tables.takeIn(
    Array.from({ length: 450 }, (_, index) =>
      received(index % 150 === 149 ? start(`ann-${index}`) : startOrder(`bob-${index}`, { customerId: 'bob' })),
    ),
  );
  await tables.rows(`UPDATE @.queued_commands SET received_at = now() - interval '1 hour'`);
  expect(await forget({ customerId: ANN })).toHaveLength(3);
  expect(await dump()).not.toContain(CANARY);
  expect(await tables.rows('SELECT count(*)::int AS count FROM @.command_queues')).toEqual([{ count: 447 }]);
});

it('of each column of the commands’ tables it is known whether it may hold what was sent', async () => {
  const columns = await tables.rows(
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
     WHERE table_schema = $1 AND table_name IN ('queued_commands', 'command_queues', 'saga_commands') ORDER BY 1`,
    [tables.schema],
  );
  const sent = ['headers', 'key', 'sender', 'role', 'value'];
  // Ids, hashes, codes, names of fields, times and counts.
  const kept = {
    queued_commands: [
      'code',
      'command',
      'correlation_id',
      'detail',
      'id',
      'lost',
      'on_dlq',
      'on_events',
      'place',
      'position',
      'publish_at',
      'publish_attempts',
      'publish_error',
      'queue',
      'received_at',
      'saga_id',
    ],
    command_queues: [
      'attempts',
      'claimed_until',
      'next_at',
      'parked_at',
      'queue',
      'reason',
      'resting_at',
      'since',
      'spent_ms',
      'unfinished',
    ],
    saga_commands: [
      'command',
      'content_fingerprint',
      'decided_at',
      'fingerprint',
      'id',
      'outcome',
      'reason',
      'received_at',
      'saga_id',
    ],
  };
  const known = Object.entries(kept).flatMap(([table, names]) => names.map((name) => `${table}.${name}`));
  expect(columns.map(({ name }) => name)).toEqual(
    [...known, ...sent.map((name) => `queued_commands.${name}`)].toSorted(),
  );
});
