import { PARTICIPANTS } from './participants.js';
import { run, type RunningService } from './running-service.js';

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

  const gone = { status: 410, body: { code: 'AlreadyCancelled', type: 'urn:unwind:problem:AlreadyCancelled' } };

  it('rule 20: an id that nobody named is "none", and asking leaves no trace', async () => {
    expect(await probe()).toMatchObject({ status: 200, body: { id, status: 'none', effect: 'none' } });
    expect(await running.sql('SELECT FROM effects WHERE id = $1', [id])).toHaveLength(0);
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

  it('rule 23: applied, PUT again: the stored answer, and no second effect', async () => {
    const first = await put();
    const before = await running.sql('SELECT * FROM effects WHERE id = $1', [id]);
    expect(await put()).toMatchObject({ status: 200, body: first.body });
    expect((await put(participant.sameMeaning)).body).toEqual(first.body);
    expect(await running.sql('SELECT * FROM effects WHERE id = $1', [id])).toEqual(before);
    expect(await books()).toBe(1);
  });

  it('rule 23: refused, PUT again: the stored refusal', async () => {
    const first = await put(refused);
    const second = await put(refused);
    expect(second.status).toBe(422);
    expect({ ...second.body, correlationId: '' }).toEqual({ ...first.body, correlationId: '' });
  });

  it('rule 23: every changed business field is another request: 409, and nothing changes', async () => {
    await put();
    for (const other of participant.otherMeanings) {
      expect(await put(other)).toMatchObject({ status: 409, body: { code: 'IdempotencyMismatch' } });
    }
    expect((await probe()).body).toEqual({ id, status: 'applied', effect: 'applied', ...applied });
    expect(await books()).toBe(1);
  });

  it('rule 23: another request under a refused id is 409 as well', async () => {
    await put(refused);
    expect(await put()).toMatchObject({ status: 409, body: { code: 'IdempotencyMismatch' } });
    expect(await books()).toBe(0);
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

  it('rule 20: none, DELETE: a tombstone, which refuses the late original', async () => {
    expect(await del()).toMatchObject({ status: 200, body: { id, status: 'fenced', effect: 'none' } });
    expect(await put()).toMatchObject(gone);
    expect(await books()).toBe(0);
  });

  it('applied, DELETE: undone, and given back to the unit', async () => {
    const before = await stock();
    await put();
    expect(await del()).toMatchObject({ status: 200, body: { id, status: 'undone', effect: 'none', ...undone } });
    expect((await probe()).body).toEqual({ id, status: 'undone', effect: 'none', ...undone });
    expect(await books()).toBe(0);
    expect(await stock()).toEqual(before);
  });

  it('refused, DELETE: fenced', async () => {
    await put(refused);
    expect(await del()).toMatchObject({ status: 200, body: { status: 'fenced', effect: 'none' } });
    expect(await put(refused)).toMatchObject(gone);
  });

  it('undone, PUT: 410, whatever the body says', async () => {
    await put();
    await del();
    expect(await put()).toMatchObject(gone);
    expect(await put(participant.otherMeanings[0])).toMatchObject(gone);
    expect(await books()).toBe(0);
  });

  it('rule 22: undone, DELETE again: the same answer, and no second undoing', async () => {
    await put();
    const first = await del();
    const before = await running.sql('SELECT * FROM effects WHERE id = $1', [id]);
    expect(await del()).toMatchObject({ status: 200, body: first.body });
    expect(await running.sql('SELECT * FROM effects WHERE id = $1', [id])).toEqual(before);
  });

  it('fenced, PUT: 410', async () => {
    await del();
    expect(await put()).toMatchObject(gone);
    expect((await probe()).body).toEqual({ id, status: 'fenced', effect: 'none' });
  });

  it('fenced, DELETE again: the same answer', async () => {
    const first = await del();
    expect(await del()).toMatchObject({ status: 200, body: first.body });
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

  it('rule 16: a DELETE refused by business is 409 and not stored; a later one is judged afresh', async () => {
    await put();
    await running.arm({ operation: 'DELETE' });
    expect(await del()).toMatchObject({ status: 409, body: { code: participant.deleteRefusal } });
    expect((await probe()).body).toEqual({ id, status: 'applied', effect: 'applied', ...applied });
    expect(await books()).toBe(1);
    expect(await del()).toMatchObject({ status: 200, body: { status: 'undone' } });
  });
});
