/**
 * What is the services' own in the ledger: their fields, their books, their words, and one transaction. The contract that
 * every participant keeps is played by test/conformance/services.test.ts.
 */
import { PARTICIPANTS } from '../participants.js';
import { run, type RunningService } from '../running-service.js';

describe.each(PARTICIPANTS)('the ledger of $name', (participant) => {
  const { collection, body, refused, applied, undone, standing } = participant;
  let running: RunningService;
  let id: string;
  let path: string;
  let count = 0;

  const put = (content: unknown = body) => running.call('PUT', path, content);
  const del = () => running.call('DELETE', path);
  const probe = () => running.call('GET', path);
  /** What a DELETE gives back; only inventory has any. */
  const stock = async () =>
    participant.name === 'inventory' ? running.sql('SELECT * FROM products ORDER BY id') : undefined;
  const books = async () => (await running.sql<{ n: number }>(standing, [id]))[0]?.n;

  beforeAll(async () => {
    running = await run(participant.open);
    if (participant.name === 'inventory') {
      await running.sql(`INSERT INTO products VALUES ('pen', 'Pen', 300, 'EUR', 1000, 1000, 0)`);
    }
  });
  afterAll(() => running.stop());
  beforeEach(() => {
    id = `order-cell-${(count += 1)}${participant.idEnd}`;
    path = `/api/${collection}/${id}`;
  });

  it('none, PUT: the effect is applied, in the books and in the answer', async () => {
    const answer = await put();
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ id, status: 'applied', effect: 'applied', ...applied });
    expect((await probe()).body).toEqual(answer.body);
    expect(await books()).toBe(1);
  });

  it('none, refused PUT: the refusal is stored, and nothing is in the books', async () => {
    const answer = await put(refused);
    expect(answer).toMatchObject({ status: 422, body: { code: participant.refusal, status: 422 } });
    expect(answer.headers.get('content-type')).toMatch('application/problem+json');
    expect(await probe()).toMatchObject({ body: { status: 'refused', effect: 'none', code: participant.refusal } });
    expect(await books()).toBe(0);
  });

  it('rule 23: the same content in other words is the same request', async () => {
    const first = await put();
    expect(await put(participant.sameMeaning)).toMatchObject({ status: 200, body: first.body });
    expect(await books()).toBe(1);
  });

  it('rule 23: every changed business field is another request: 409, and nothing changes', async () => {
    await put();
    for (const other of participant.otherMeanings) {
      expect(await put(other)).toMatchObject({ status: 409, body: { code: 'IdempotencyMismatch' } });
    }
    expect((await probe()).body).toEqual({ id, status: 'applied', effect: 'applied', ...applied });
    expect(await books()).toBe(1);
  });

  if (participant.deleteRefusal === undefined) {
    it('has no DELETE: what was sent cannot be taken back', async () => {
      await put();
      const answer = await del();
      expect(answer).toMatchObject({ status: 405, body: { code: 'MethodNotAllowed' } });
      expect(answer.headers.get('allow')).toBe('GET, PUT, HEAD');
      expect(await books()).toBe(1);
    });
    return;
  }

  it('applied, DELETE: undone, and given back to the unit', async () => {
    const before = await stock();
    await put();
    expect(await del()).toMatchObject({ status: 200, body: { id, status: 'undone', effect: 'none', ...undone } });
    expect((await probe()).body).toEqual({ id, status: 'undone', effect: 'none', ...undone });
    expect(await books()).toBe(0);
    expect(await stock()).toEqual(before);
  });

  it('rule 21: what fails at its last statement leaves nothing: effect and ledger row are one transaction', async () => {
    const breakSettling = (status: string) =>
      running.sql(`CREATE TRIGGER broken BEFORE UPDATE ON effects FOR EACH ROW
        WHEN (NEW.status = '${status}') EXECUTE FUNCTION break_down()`);
    const repair = () => running.sql('DROP TRIGGER broken ON effects');
    await running.sql(`CREATE FUNCTION break_down() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'broken by the test'; END $$`);
    await breakSettling('applied');
    expect((await put()).status).toBe(500);
    expect(await running.sql('SELECT FROM effects WHERE id = $1', [id])).toHaveLength(0);
    expect(await books()).toBe(0);
    await repair();
    expect(await put()).toMatchObject({ status: 200, body: { effect: 'applied' } });
    await breakSettling('undone');
    expect((await del()).status).toBe(500);
    expect(await probe()).toMatchObject({ body: { status: 'applied', effect: 'applied' } });
    expect(await books()).toBe(1);
    await repair();
    expect(await del()).toMatchObject({ status: 200, body: { status: 'undone' } });
    expect(await books()).toBe(0);
  });

  it('rule 16: a DELETE refused by business says so in its own code, and the effect is whole', async () => {
    await put();
    await running.arm({ operation: 'DELETE' });
    expect(await del()).toMatchObject({ status: 409, body: { code: participant.deleteRefusal } });
    expect((await probe()).body).toEqual({ id, status: 'applied', effect: 'applied', ...applied });
    expect(await books()).toBe(1);
  });
});
