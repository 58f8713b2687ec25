/** The audit's table: append-only, an intent before each decision, and the saga's own events as the last witness (rule 49). */
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { openAudit } from '../../../src/journal/decisions/open-audit.js';
import { recordDecision } from '../../../src/journal/decisions/record-decision.js';
import { InvalidCursorError } from '../../../src/journal/read/reader.js';
import { openReader } from '../../../src/journal/read/open-reader.js';
import { JournalUnavailableError } from '../../../src/journal/tables/unavailable.js';
import { Problem } from '../../../src/problems.js';
import { BLOCKED, entriesOf, intervenes } from '../entries.js';
import { openTestJournal, type TestJournal } from '../open-journal.js';
import { countingPool } from '../visited-rows.js';

let test: TestJournal;
let audit: TestJournal['reader']['audit'];

beforeAll(async () => {
  test = await openTestJournal();
  await test.journal.prepare();
  audit = test.reader.audit;
});

afterAll(() => test?.close());

const olga = { door: 'api', actor: 'olga', kind: 'person', roles: ['operator'] } as const;
const asking = (sagaId: string) => ({
  ...olga,
  action: 'retry',
  sagaId,
  step: 'reserve_inventory',
  reason: 'it is back',
});
const outcomesOf = async (sagaId: string) =>
  (await audit.list({ sagaId }, { limit: 50 })).items.map(({ outcome, code }) => [outcome, code]);

describe('a recorded decision', () => {
  it('is in the audit before it is made: a process that dies over it leaves an unknown outcome (rule 49)', async () => {
    let seen: unknown;
    await recordDecision(audit, asking('order-dies'), async () => {
      seen = (await audit.list({ sagaId: 'order-dies', outcome: 'unknown' }, { limit: 5 })).items;
    });
    expect(seen).toMatchObject([{ outcome: 'unknown', actor: 'olga', action: 'retry', reason: 'it is back' }]);
    expect(await outcomesOf('order-dies')).toEqual([['accepted', null]]);
    await audit.note({ ...asking('order-died'), id: randomUUID(), phase: 'asked', outcome: 'unknown' });
    expect(await outcomesOf('order-died')).toEqual([['unknown', null]]);
  });

  it.each([
    ['NotApplicable', 'refused'],
    ['SagaNotFound', 'refused'],
    ['Forbidden', 'denied'],
    ['NotDecided', 'undecided'],
  ] as const)('that ends with %s is %s, and the caller gets that very error (rule 49)', async (code, outcome) => {
    const problem = new Problem(code);
    const made = recordDecision(audit, asking(`order-${code}`), () => Promise.reject(problem));
    await expect(made).rejects.toBe(problem);
    expect(await outcomesOf(`order-${code}`)).toEqual([[outcome, code]]);
  });

  it('that is tried again is one decision, answered by the last attempt; a paused saga has not answered (rules 49, 51)', async () => {
    const asked = { ...asking('order-again'), id: randomUUID(), isRepeated: true } as const;
    for (const code of ['NotDecided', 'SagaPaused'] as const) {
      await recordDecision(audit, asked, () => Promise.reject(new Problem(code))).catch(() => undefined);
      expect(await outcomesOf('order-again')).toEqual([['unknown', null]]);
    }
    await recordDecision(audit, asked, async () => undefined);
    expect(await outcomesOf('order-again')).toEqual([['accepted', null]]);
  });

  it('holds nothing personal: a reason or a name that does is left out (rule 33)', async () => {
    const personal = { ...asking('order-personal'), actor: 'ann@example.org', reason: 'asked by 4111 1111 1111 1111' };
    await recordDecision(audit, personal, async () => undefined);
    const rows = await test.sql('SELECT * FROM decisions WHERE saga_id = $1', ['order-personal']);
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toMatch(/example\.org|4111/);
  });

  it('cannot be changed or deleted, not even by the table’s owner (rule 49)', async () => {
    await recordDecision(audit, asking('order-kept'), async () => undefined);
    for (const change of ["UPDATE decisions SET actor = 'max'", 'DELETE FROM decisions', 'TRUNCATE decisions']) {
      await expect(test.sql(change)).rejects.toThrow('the audit is append-only');
    }
    expect(await outcomesOf('order-kept')).toEqual([['accepted', null]]);
  });
});

describe('while the journal’s database is away', () => {
  const away = openReader({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', orders: { list: async () => [] } });
  afterAll(() => away.close());

  it('a decision that the saga records is made all the same, because an operator has to be able to repair (rule 49)', async () => {
    const missed: unknown[] = [];
    const asked = { ...asking('order-away'), onAway: (error: Error) => void missed.push(error) };
    await expect(recordDecision(away.audit, asked, async () => 'made')).resolves.toBe('made');
    expect(missed).toEqual([expect.any(JournalUnavailableError), expect.any(JournalUnavailableError)]);
  });

  it('a decision that nothing else would record is not made (rule 49)', async () => {
    let isMade = false;
    const made = recordDecision(away.audit, asking('order-closed'), async () => {
      isMade = true;
    });
    await expect(made).rejects.toBeInstanceOf(JournalUnavailableError);
    expect(isMade).toBe(false);
  });
});

describe('a saga’s own events', () => {
  const appendTo = (sagaId: string, reason: string) =>
    test.journal.append({
      sagaId,
      sagaType: 'OrderFulfillment',
      runId: 'run-1',
      correlationId: null,
      causationId: null,
      entries: entriesOf([...BLOCKED, intervenes('retry', reason)]),
    } as never);
  const asked = (sagaId: string, reason: string) => ({ ...asking(sagaId), reason, requestId: 'request-retry' });

  it('answer a decision whose process has died (rule 49)', async () => {
    const id = randomUUID();
    await audit.note({ ...asked('order-healed', 'died'), id, phase: 'asked', outcome: 'unknown' });
    await appendTo('order-healed', 'died');
    const { items } = await audit.list({ sagaId: 'order-healed' }, { limit: 5 });
    expect(items).toMatchObject([{ id, outcome: 'accepted', door: 'api', kind: 'person', roles: ['operator'] }]);
    // The door answers late: nothing is said twice.
    await audit.note({ ...asked('order-healed', 'died'), id, phase: 'answered', outcome: 'accepted' });
    expect(await outcomesOf('order-healed')).toEqual([['accepted', null]]);
  });

  it('bring a decision that no door has recorded, once, also when the same events come again (rule 49)', async () => {
    await appendTo('order-cli', 'by the command line');
    await test.sql('DELETE FROM saga_events WHERE saga_id = $1', ['order-cli']);
    await appendTo('order-cli', 'by the command line');
    const { items } = await audit.list({ sagaId: 'order-cli' }, { limit: 5 });
    expect(items).toMatchObject([
      {
        door: 'saga',
        actor: 'olga',
        action: 'retry',
        step: 'reserve_inventory',
        reason: 'by the command line',
        outcome: 'accepted',
      },
    ]);
  });

  it('say nothing that a door has said already (rule 49)', async () => {
    await recordDecision(audit, asked('order-said', 'said'), async () => undefined);
    await appendTo('order-said', 'said');
    expect(await outcomesOf('order-said')).toEqual([['accepted', null]]);
  });

  it('show an acceptance although its caller was answered with 503 (rules 24 and 49)', async () => {
    const undecided = () => Promise.reject(new Problem('NotDecided'));
    await recordDecision(audit, asked('order-late', 'late'), undecided).catch(() => undefined);
    await appendTo('order-late', 'late');
    expect(await outcomesOf('order-late')).toEqual([
      ['accepted', null],
      ['undecided', 'NotDecided'],
    ]);
  });
});

describe('the list of decisions', () => {
  const MANY = 20_000;
  let pool: Pool;

  beforeAll(async () => {
    pool = new Pool({ connectionString: test.url, options: `-c search_path=${test.schema}` });
    await pool.query(`
      INSERT INTO decisions (id, phase, at, door, actor, kind, action, saga_id, outcome)
      SELECT md5('d' || n)::uuid, phase, '2026-01-01'::timestamptz + n * interval '1 second', 'api', 'staff-' || n % 200, 'person',
        CASE WHEN n % 500 = 0 THEN 'skip' ELSE 'cancel' END, 'order-' || n % 2000,
        CASE WHEN phase = 'asked' THEN 'unknown' WHEN n % 500 = 0 THEN 'refused' ELSE 'accepted' END
      FROM generate_series(1, ${MANY}) n, unnest(ARRAY['asked', 'answered']) AS phase
      WHERE phase = 'asked' OR n % 4000 <> 0 ORDER BY n, phase DESC`);
    await pool.query('VACUUM ANALYZE decisions');
    await pool.query('VACUUM ANALYZE open_decisions');
  });
  afterAll(() => pool?.end());

  it.each([
    ['nothing', {}],
    ['a saga', { sagaId: 'order-7' }],
    ['an actor', { actor: 'staff-7' }],
    ['an action', { action: 'skip' }],
    ['an outcome', { outcome: 'refused' }],
    ['unknown outcomes', { outcome: 'unknown' }],
    ['a time', { from: '2026-01-01T01:00:00Z', to: '2026-01-01T01:01:00Z' }],
    ['a time and an actor', { actor: 'staff-9', to: '2026-01-01T02:00:00Z' }],
  ] as const)('by %s visits what its page shows, however many there are (rule 52)', async (_name, filter) => {
    const counting = countingPool(pool);
    const counted = openAudit(counting.pool, test.schema);
    const first = await counted.list(filter, { limit: 20 });
    expect(first.items.length).toBeGreaterThan(0);
    if (first.next !== null) await counted.list(filter, { cursor: first.next, limit: 20 });
    expect(counting.rows()).toBeLessThan(500);
  });

  it('shows each decision once, newest first, over all pages (rule 50)', async () => {
    const filter = { actor: 'staff-7' };
    const ids: string[] = [];
    let last = 'Z';
    for (let cursor: string | undefined; ;) {
      const page = await audit.list(filter, { cursor, limit: 7 });
      for (const { id, at } of page.items) {
        expect(at <= last).toBe(true);
        last = at;
        ids.push(id);
      }
      if (page.next === null) break;
      cursor = page.next;
    }
    expect(new Set(ids).size).toBe(MANY / 200);
    expect(ids).toHaveLength(MANY / 200);
  });

  it('refuses a cursor that it has not given out', async () => {
    for (const place of [
      ['2026-01-01 00:00:00+00', 'x'],
      ['2026-01-01 00:00:00+00', '1'.repeat(30)],
      ['never', '1'],
    ]) {
      const cursor = Buffer.from(JSON.stringify(place)).toString('base64url');
      await expect(audit.list({}, { cursor, limit: 5 })).rejects.toBeInstanceOf(InvalidCursorError);
    }
  });
});
