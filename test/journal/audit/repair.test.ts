/** Repair never destroys knowledge (rule 54), whatever is damaged and whatever a history says. */
import { randomUUID } from 'node:crypto';
import { NOT_KEPT } from '../../../src/journal/audit/differences.js';
import { openMaintenance, type Maintenance } from '../../../src/journal/audit/stored.js';
import type { Evidence, RunHistory } from '../../../src/journal/audit/repair.js';
import { batchOf, BLOCKED, CLOSING, entriesOf, HAPPY } from '../entries.js';
import { openTestJournal, type TestJournal } from '../open-journal.js';

let test: TestJournal;
let maintenance: Maintenance;
beforeAll(async () => {
  test = await openTestJournal();
  maintenance = await openMaintenance({ databaseUrl: test.url, schema: test.schema });
});
afterAll(async () => {
  await maintenance.close();
  await test.close();
});

const happy = entriesOf(HAPPY);
const ended = [
  ...happy,
  ...entriesOf(
    [
      { type: 'SagaStepCompleted', step: 'send_confirmation', attempts: 1, result: {} },
      { type: 'SagaEnded', state: 'COMPLETED', reason: null },
    ],
    9,
  ).map((entry) => ({ ...entry, at: CLOSING.at })),
];

async function completed(): Promise<string> {
  const saga = `order-${randomUUID()}`;
  await test.journal.append(batchOf(saga, happy, { required: true, closing: CLOSING }));
  return saga;
}

const trail = (more: Partial<RunHistory> = {}): RunHistory => ({
  runId: 'run-a',
  sagaType: 'OrderFulfillment',
  correlationId: 'c-1',
  isReset: false,
  entries: ended,
  isClosed: true,
  ...more,
});
const toldBy = (current: RunHistory): Evidence => ({ current, runs: [current] });
const row = async (saga: string) =>
  (
    await test.sql<{ version: number; state: string; changed_at: Date }>('SELECT * FROM sagas WHERE saga_id = $1', [
      saga,
    ])
  )[0];
const repair = (sagaId: string, evidence: Evidence | typeof NOT_KEPT | undefined) =>
  maintenance.repair({ sagaId, evidence, apply: true });
const lose = (saga: string, condition: string) =>
  test.sql(`DELETE FROM saga_events WHERE saga_id = $1 AND ${condition}`, [saga]);

it.each([
  ['no history was asked for', undefined],
  ['Temporal has forgotten it', NOT_KEPT],
  ['the history has forgotten the runs before', toldBy(trail({ entries: ended.slice(6) }))],
] as const)(
  'an event is lost, and %s: version and verdict stay, and the loss is said (J1, rule 54)',
  async (_, evidence) => {
    const saga = await completed();
    const before = await row(saga);
    await lose(saga, 'seq = 5');
    const { mended, left } = await repair(saga, evidence);
    expect({ mended, left: left[0] }).toEqual({ mended: [], left: `${saga}: event 5 is missing` });
    expect(await row(saga)).toEqual(before);
  },
);

it('the last events are lost, and the history is of a run that had not come as far: the verdict stays (J1, rule 54)', async () => {
  const saga = await completed();
  const before = await row(saga);
  await lose(saga, 'seq > 6');
  const { left } = await repair(saga, toldBy(trail({ entries: ended.slice(0, 7), isClosed: false })));
  expect(left).toContain(`${saga}: its row is of event 10, and its events are there up to 7 only`);
  expect(await row(saga)).toEqual(before);
});

it('the last events of an open order are lost: the row stays at the event that it knows of (J1, rule 54)', async () => {
  const saga = `order-${randomUUID()}`;
  await test.journal.append(batchOf(saga, happy));
  const before = await row(saga);
  await lose(saga, 'seq > 4');
  for (const evidence of [undefined, toldBy(trail({ entries: happy.slice(0, 4), isClosed: false }))]) {
    const { left } = await repair(saga, evidence);
    expect(left).toContain(`${saga}: its row is of event 8, and its events are there up to 4 only`);
    expect(await row(saga)).toEqual(before);
  }
});

it('a lost event comes back from the history, and the row, which was right, keeps its time (J1, J2)', async () => {
  const saga = await completed();
  const before = await row(saga);
  await lose(saga, 'seq IN (2, 5, 10)');
  expect(await repair(saga, toldBy(trail()))).toMatchObject({ left: [], fromHistory: true });
  expect(await row(saga)).toEqual(before);
  expect((await test.events(saga)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

it('a verdict without an event that says so stays without a history, and goes with one (J1, rule 54)', async () => {
  const saga = `order-${randomUUID()}`;
  await test.journal.append(batchOf(saga, happy));
  await test.sql(`UPDATE sagas SET state = 'CANCELLED' WHERE saga_id = $1`, [saga]);
  const { left } = await repair(saga, undefined);
  expect(left).toEqual([`${saga}: its row says state "CANCELLED", its events "PENDING"`]);
  expect(await row(saga)).toMatchObject({ state: 'CANCELLED' });
  const running = trail({ entries: happy, isClosed: false });
  expect(await repair(saga, toldBy(running))).toMatchObject({ left: [], mended: left });
  expect(await row(saga)).toMatchObject({ state: 'PENDING', version: 8 });
});

it('another verdict than the row has is believed only of events in which nothing is missing (J1, rule 54)', async () => {
  const saga = await completed();
  await test.sql(`UPDATE sagas SET state = 'FAILED', version = 3 WHERE saga_id = $1`, [saga]);
  await test.sql(`UPDATE saga_events SET type = 'OrderFulfillmentFailed' WHERE saga_id = $1 AND seq = 10`, [saga]);
  await repair(saga, undefined);
  expect(await row(saga)).toMatchObject({ state: 'FAILED', version: 3 });
  await test.sql(`UPDATE saga_events SET type = 'OrderFulfillmentCompleted' WHERE saga_id = $1 AND seq = 10`, [saga]);
  expect(await repair(saga, undefined)).toMatchObject({ left: [] });
  expect(await row(saga)).toMatchObject({ state: 'COMPLETED', version: 10 });
});

it('what is there of an open saga goes on behind a lost event: the row goes forward, its letter is opened, nothing goes back (rule 54)', async () => {
  const saga = `order-${randomUUID()}`;
  const blocked = entriesOf(BLOCKED);
  await test.journal.append(batchOf(saga, blocked.slice(0, 6)));
  await lose(saga, 'seq = 2');
  await test.another().append(batchOf(saga, blocked.slice(6), { required: true }));
  expect(await row(saga)).toMatchObject({ version: 8, state: 'COMPENSATING', blocked_on: 'reserve_inventory' });
  const letters = await test.sql('SELECT step, resolution FROM dead_letters WHERE saga_id = $1', [saga]);
  expect(letters).toEqual([{ step: 'reserve_inventory', resolution: null }]);
  const { left } = await repair(saga, undefined);
  expect(left).toContain(`${saga}: event 2 is missing`);
  expect(await row(saga)).toMatchObject({ version: 8, blocked_on: 'reserve_inventory' });
  expect(await test.sql('SELECT step, resolution FROM dead_letters WHERE saga_id = $1', [saga])).toEqual(letters);
});

it('a row without events is kept, and rebuilt events are brought back under it (J1)', async () => {
  const saga = await completed();
  const before = await row(saga);
  await lose(saga, 'true');
  expect(await repair(saga, NOT_KEPT)).toMatchObject({ mended: [], left: [`${saga}: it has a row and no events`] });
  expect(await row(saga)).toEqual(before);
  expect(await repair(saga, toldBy(trail()))).toMatchObject({ left: [] });
  expect(await row(saga)).toEqual(before);
});

it('an event that arrives while the history is read is not taken for one that was never sent (J1)', async () => {
  const saga = `order-${randomUUID()}`;
  await test.journal.append(batchOf(saga, happy));
  // The history was read when five events had been sent; its run goes on.
  await repair(saga, toldBy(trail({ entries: happy.slice(0, 5), isClosed: false })));
  expect((await test.events(saga)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(await row(saga)).toMatchObject({ version: 8 });
});
