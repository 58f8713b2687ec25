import { openInventory } from '../../src/services/inventory/service.js';
import { openPayment } from '../../src/services/payment/service.js';
import { eventually } from '../support/eventually.js';
import { UNDOABLE } from './participants.js';
import { run, type Answer, type RunningService } from './running-service.js';

const times = <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

const withStatus = (answers: readonly Answer[], status: number) => answers.filter((answer) => answer.status === status);

const reserve = (running: RunningService, id: string, items: [string, number][]) =>
  running.call('PUT', `/api/reservations/${id}`, {
    orderId: id,
    items: items.map(([productId, quantity]) => ({ productId, quantity })),
  });

const stockOf = async (running: RunningService, productId: string) =>
  (await running.sql('SELECT stocked, available, reserved FROM products WHERE id = $1', [productId]))[0];

describe('many at once at inventory', () => {
  let inventory: RunningService;
  beforeAll(async () => {
    inventory = await run(openInventory);
    await inventory.sql(`INSERT INTO products VALUES
      ('ten', 'Ten of it', 100, 'EUR', 10, 10, 0), ('a', 'A', 100, 'EUR', 1000, 1000, 0),
      ('b', 'B', 100, 'EUR', 1000, 1000, 0), ('c', 'C', 100, 'EUR', 20, 20, 0)`);
  });
  afterAll(() => inventory.stop());

  it('rule 22: 200 parallel reservations for 10 units: exactly 10 are applied, and the books balance', async () => {
    const answers = await times(200, (index) => reserve(inventory, `ten-${index}`, [['ten', 1]]));
    expect(withStatus(answers, 200)).toHaveLength(10);
    expect(withStatus(answers, 422)).toHaveLength(190);
    expect(await stockOf(inventory, 'ten')).toEqual({ stocked: '10', available: '0', reserved: '10' });
    expect(
      await inventory.sql(`SELECT sum(quantity)::int AS held FROM reservation_items WHERE product_id = 'ten'`),
    ).toEqual([{ held: 10 }]);
  });

  it('rule 22: orders that name the same products in opposite orders all get through, all or nothing', async () => {
    const answers = await times(60, (index) => {
      const items: [string, number][] = [
        ['a', 1],
        ['b', 1],
        ['c', 1],
      ];
      return reserve(inventory, `cross-${index}`, index % 2 === 0 ? items : items.toReversed());
    });
    expect(withStatus(answers, 200)).toHaveLength(20);
    expect(withStatus(answers, 422)).toHaveLength(40);
    for (const product of ['a', 'b']) {
      expect(await stockOf(inventory, product)).toEqual({ stocked: '1000', available: '980', reserved: '20' });
    }
    expect(await stockOf(inventory, 'c')).toEqual({ stocked: '20', available: '0', reserved: '20' });
  });

  it('rule 22: PUTs and DELETEs of few ids in a crowd leave what the ledger says, and nothing else', async () => {
    const before = await stockOf(inventory, 'a');
    const ids = Array.from({ length: 10 }, (_, index) => `crowd-${index}`);
    for (const id of ids.slice(5)) await reserve(inventory, id, [['a', 2]]);
    const answers = await times(120, (index) => {
      const id = ids[index % ids.length] ?? '';
      return index % 3 === 0 ? inventory.call('DELETE', `/api/reservations/${id}`) : reserve(inventory, id, [['a', 2]]);
    });
    expect(answers.every(({ status }) => [200, 410].includes(status))).toBe(true);
    for (const id of ids) {
      expect((await inventory.call('DELETE', `/api/reservations/${id}`)).status).toBe(200);
    }
    expect(await stockOf(inventory, 'a')).toEqual(before);
  });

  it('rule 23: a refused PUT repeated after a restock is still refused; a new id is served', async () => {
    const once = await reserve(inventory, 'late-stock', [['789', 2]]);
    expect(once).toMatchObject({ status: 422, body: { code: 'InsufficientInventory' } });
    await inventory.sql(`UPDATE products SET stocked = stocked + 10, available = available + 10 WHERE id = '789'`);
    expect(await reserve(inventory, 'late-stock', [['789', 2]])).toMatchObject({
      status: 422,
      body: { code: 'InsufficientInventory', detail: once.body['detail'] },
    });
    expect(await stockOf(inventory, '789')).toEqual({ stocked: '11', available: '11', reserved: '0' });
    expect(await reserve(inventory, 'new-id', [['789', 2]])).toMatchObject({ status: 200 });
  });

  it('rule 22: the database itself refuses to sell what is not there', async () => {
    await expect(inventory.sql(`UPDATE products SET available = -1, reserved = 1001 WHERE id = 'b'`)).rejects.toThrow(
      'stock_never_below_zero',
    );
    await expect(inventory.sql(`UPDATE products SET reserved = reserved + 1 WHERE id = 'b'`)).rejects.toThrow(
      'stock_adds_up',
    );
  });
});

it('rule 22: the database itself refuses to refund more than was captured', async () => {
  const payment = await run(openPayment);
  const amount = { amount: 100, currency: 'EUR' };
  await payment.call('PUT', '/api/payments/p', { orderId: 'o', customerId: 'c', paymentMethod: 'pm', amount });
  await expect(payment.sql('UPDATE payments SET refunded = captured + 1')).rejects.toThrow(
    'refund_never_exceeds_capture',
  );
  await payment.stop();
});

describe.each(UNDOABLE)('races at $name', (participant) => {
  let running: RunningService;
  const path = (id: string) => `/api/${participant.collection}/${id}`;
  const put = (id: string) => running.call('PUT', path(id), participant.body);
  const standing = async (id: string) => (await running.sql<{ n: number }>(participant.standing, [id]))[0]?.n;

  beforeAll(async () => {
    running = await run(participant.open);
    if (participant.name === 'inventory') {
      await running.sql(`INSERT INTO products VALUES ('pen', 'Pen', 300, 'EUR', 1000, 1000, 0)`);
    }
  });
  afterAll(() => running.stop());

  /** A trigger holds a request that settles an effect so inside its transaction, until the returned function is called. */
  async function holdUp(status: string): Promise<() => Promise<void>> {
    await running.sql(`CREATE OR REPLACE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock_shared(hashtext(TG_TABLE_SCHEMA)); RETURN NEW; END $$`);
    await running.sql(`CREATE TRIGGER hold_up BEFORE UPDATE ON effects FOR EACH ROW
      WHEN (NEW.status = '${status}') EXECUTE FUNCTION hold_up()`);
    return running.hold('SELECT pg_advisory_xact_lock(hashtext($1))', [running.schema]);
  }
  const waiting = (count: number) => async () => {
    const [row] = await running.sql<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`,
      [`unwind_${running.schema}`],
    );
    return row?.n === count;
  };

  it('rule 20: a DELETE waits for the PUT that is running, and undoes it', async () => {
    const letGo = await holdUp('applied');
    const slow = put('held');
    await eventually('the PUT to be held up', 5_000, waiting(1));
    const deletion = running.call('DELETE', path('held'));
    const first = await Promise.race([
      eventually('the DELETE to wait', 5_000, waiting(2)).then(() => 'it waits'),
      deletion.then(() => 'it is answered'),
    ]);
    await letGo();
    expect(first).toBe('it waits');
    expect(await slow).toMatchObject({ status: 200, body: { status: 'applied' } });
    expect(await deletion).toMatchObject({ status: 200, body: { status: 'undone' } });
    await running.sql('DROP TRIGGER hold_up ON effects');
    expect(await standing('held')).toBe(0);
  });

  it('rule 22: a DELETE waits for the DELETE that is running, and undoes nothing more', async () => {
    await put('twice');
    const letGo = await holdUp('undone');
    const slow = running.call('DELETE', path('twice'));
    await eventually('the first DELETE to be held up', 5_000, waiting(1));
    const second = running.call('DELETE', path('twice'));
    await eventually('the second DELETE to wait', 5_000, waiting(2));
    await letGo();
    expect(await slow).toMatchObject({ status: 200, body: { status: 'undone' } });
    expect(await second).toMatchObject({ status: 200, body: (await slow).body });
    await running.sql('DROP TRIGGER hold_up ON effects');
    expect(await standing('twice')).toBe(0);
  });

  it('rule 20: a DELETE overtakes a delayed PUT: it fences, and the late PUT is 410', async () => {
    await running.arm({ mode: 'delay', delayMs: 400 });
    const late = put('late');
    await eventually('the fault to strike', 5_000, async () => {
      const { body } = await running.call('GET', '/api/test/faults');
      return JSON.stringify(body['items']) === '[]';
    });
    expect(await running.call('DELETE', path('late'))).toMatchObject({ status: 200, body: { status: 'fenced' } });
    expect(await late).toMatchObject({ status: 410, body: { code: 'AlreadyCancelled' } });
    expect(await standing('late')).toBe(0);
  });
});
