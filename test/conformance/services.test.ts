/** The four services keep the participant's contract (rules 5, 8, 9, 16, 19, 20, 22, 23 and 34), over HTTP and PostgreSQL. */
import { CHECKS } from '../../src/conformance/checks.js';
import { checkParticipant, exitCodeOf, type ConformanceReport } from '../../src/conformance/conformance.js';
import { PARTICIPANTS } from '../services/participants.js';
import { run, type RunningService } from '../services/running-service.js';

describe.each(PARTICIPANTS)('the contract at $name', (participant) => {
  const { collection, body, refused, otherMeanings, deleteRefusal, idEnd, table } = participant;
  const undoable = deleteRefusal !== undefined;
  let running: RunningService;
  let report: ConformanceReport;
  let before: unknown;
  /** What a compensation gives back; only inventory has any. */
  const stock = async () =>
    participant.name === 'inventory' ? running.sql('SELECT * FROM products ORDER BY id') : undefined;
  /** All that the service has written of an id, to the microsecond of its last change. */
  const books = (id: string) =>
    running.sql(
      `SELECT to_jsonb(e) AS ledger, to_jsonb(t) AS books, d.detail FROM effects e
       LEFT JOIN ${table} t USING (id) LEFT JOIN effect_details d USING (id) WHERE e.id = $1`,
      [id],
    );

  beforeAll(async () => {
    running = await run(participant.open, { token: 'the-token' });
    if (participant.name === 'inventory') {
      await running.sql(`INSERT INTO products VALUES ('pen', 'Pen', 300, 'EUR', 1000, 1000, 0)`);
    }
    before = await stock();
    const fault = `${running.url}/api/test/fail-next-request`;
    report = await checkParticipant({
      url: `${running.url}/api/${collection}`,
      credentials: { token: 'the-token' },
      body,
      otherBody: otherMeanings[0],
      refusedBody: refused,
      prepare: {
        refuseAction: { method: 'POST', url: fault, body: {} },
        refuseUndo: { method: 'POST', url: fault, body: { operation: 'DELETE' } },
        allowUndo: { method: 'DELETE', url: `${running.url}/api/test/faults` },
      },
      without: undoable ? [] : ['undo'],
      idSuffix: idEnd,
      books,
    });
  });
  afterAll(() => running.stop());

  const applying = CHECKS.filter(
    ({ applies }) => applies?.({ url: '', body, without: undoable ? [] : ['undo'] }) !== false,
  );

  it.each(applying)('rule $rule, $name: $sentence', ({ name }) => {
    expect(report.results.find((result) => result.name === name)).toMatchObject({ outcome: 'passed' });
  });

  it('every rule was tried, and what could be compensated is (rule 22)', async () => {
    expect(exitCodeOf(report)).toBe(0);
    expect(report.results.filter(({ outcome }) => outcome === 'passed')).toHaveLength(applying.length);
    const standing = await running.sql(`SELECT id FROM effects WHERE status = 'applied' ORDER BY id`);
    expect(standing).toEqual(report.remaining.map(({ id }) => ({ id })));
    expect(standing.length > 0).toBe(!undoable);
    expect(await stock()).toEqual(before);
  });
});
