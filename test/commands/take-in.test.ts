import { judge } from '../../src/commands/judge.js';
import { cancelOrder, commandTables, items, received, startOrder, type CommandTables } from './queued.js';

let tables: CommandTables;

beforeAll(async () => {
  tables = await commandTables();
});
afterAll(() => tables.close());
beforeEach(async () => {
  for (const table of ['queued_commands', 'command_queues', 'saga_commands', 'dead_letters']) {
    await tables.rows(`DELETE FROM @.${table}`);
  }
});

const takeIn = (...messages: Parameters<CommandTables['takeIn']>[0]) => tables.takeIn(messages);
const queued = () => tables.rows('SELECT id, queue, code FROM @.queued_commands ORDER BY position');

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

describe('a command that is taken in', () => {
  it.each(['4711', 'order-4711'])('waits in the queue of its saga, named as %s', async (sagaId) => {
    expect(await takeIn(received(startOrder(sagaId)))).toEqual(['queued']);
    expect(await queued()).toMatchObject([{ queue: 'order-4711', code: null }]);
  });

  it('is taken in once, however often the broker delivers it', async () => {
    const message = received(startOrder('once'));
    expect([...(await takeIn(message)), ...(await takeIn(message))]).toEqual(['queued', 'repeated']);
    expect(await queued()).toHaveLength(1);
  });

  it('is a repeat after it was decided, too', async () => {
    const message = received(startOrder('decided', { commandId: 'd-1' }));
    await takeIn(message);
    await tables.rows(`UPDATE @.saga_commands SET outcome = 'accepted', decided_at = now()`);
    await tables.rows('DELETE FROM @.queued_commands');
    expect(await takeIn(received(startOrder('decided', { commandId: 'd-1' })))).toEqual(['repeated']);
    expect(await queued()).toEqual([]);
  });

  it('is queued if an older release has taken it in and died over it', async () => {
    const message = received(startOrder('old'));
    await tables.rows('INSERT INTO @.saga_commands (id, fingerprint) VALUES ($1, $2)', [
      message.place,
      judge(message, undefined).bytesFingerprint,
    ]);
    expect(await takeIn(message)).toEqual(['queued']);
  });

  it.each([
    ['other white space', JSON.stringify(startOrder('same', { commandId: 't-1' }), null, 2)],
    ['another order of its members', { commandId: 't-1', items, command: 'StartOrder', sagaId: 'same' }],
    [
      'another order inside of a member',
      `{"sagaId":"same","command":"StartOrder","commandId":"t-1","items":[{"quantity":2,"productId":"123"}]}`,
    ],
    ['a correlation id', startOrder('same', { commandId: 't-1', correlationId: 'c-2' })],
    ['the saga id with its prefix', startOrder('order-same', { commandId: 't-1' })],
    ['the order id beside the saga id', startOrder('same', { commandId: 't-1', orderId: 'same' })],
    [
      'escapes in its texts',
      '{"sagaId":"s\\u0061me","command":"StartOrder","commandId":"t-1","items":[{"productId":"123","quantity":2}]}',
    ],
    [
      'its number written otherwise',
      '{"sagaId":"same","command":"StartOrder","commandId":"t-1","items":[{"productId":"123","quantity":2.0}]}',
    ],
    [
      'its lines divided',
      startOrder('same', { commandId: 't-1', items: [items[0], items[0]].map((item) => ({ ...item, quantity: 1 })) }),
    ],
  ])('is a repeat under its id with %s (K3)', async (_, again) => {
    expect(await takeIn(received(startOrder('same', { commandId: 't-1' })))).toEqual(['queued']);
    expect(await takeIn(received(again))).toEqual(['repeated']);
  });

  it.each([
    ['another saga', cancelOrder('b', { commandId: 't-2' })],
    ['another reason', cancelOrder('a', { commandId: 't-2', reason: 'other' })],
    ['another actor', cancelOrder('a', { commandId: 't-2', actor: 'ada' })],
    ['another command', startOrder('a', { commandId: 't-2' })],
  ])('is refused under the id of a command with %s, which stays as it was (K3)', async (_, other) => {
    await takeIn(received(cancelOrder('a', { commandId: 't-2' })));
    const message = received(other);
    expect([...(await takeIn(message)), ...(await takeIn(message))]).toEqual(['refused', 'repeated']);
    expect(await queued()).toMatchObject([
      { id: 't-2', code: null },
      { id: message.place, code: 'RequestIdReused' },
    ]);
  });

  it('finds its repeats and its namesakes in the same batch', async () => {
    const [one, same, other] = [
      startOrder('x', { commandId: 'b' }),
      startOrder('x', { commandId: 'b' }),
      startOrder('y', { commandId: 'b' }),
    ];
    expect(await takeIn(received(one), received(same), received(other))).toEqual(['queued', 'repeated', 'refused']);
  });

  it.each([
    ['nothing', '', 'InvalidJson', 'body is not valid JSON'],
    ['no JSON', '{"sagaId":', 'InvalidJson', 'body is not valid JSON'],
    ['a list', [], 'InvalidRequest', 'body is not a JSON object'],
    ['a number', 4711, 'InvalidRequest', 'body is not a JSON object'],
    ['more than a POST may have', startOrder('big', { x: 'x'.repeat(70_000) }), 'PayloadTooLarge', /64 KB/],
    ['no saga', { command: 'StartOrder', items }, 'InvalidRequest', /^sagaId is an order id/],
    ['an impossible saga', startOrder('order-order-1'), 'InvalidRequest', /^sagaId is an order id/],
    ['a saga of another type', startOrder('x', { sagaId: 7 }), 'InvalidRequest', /^sagaId is an order id/],
    ['an unknown command', { sagaId: '1', command: 'Explode' }, 'InvalidRequest', /^command is StartOrder/],
    ['the line of the first document', { sagaId: '123', command: 'StartOrder' }, 'InvalidRequest', 'items is required'],
    [
      'what a POST refuses',
      startOrder('1', { items: [{ productId: '1', quantity: 0 }] }),
      'InvalidRequest',
      /quantity/,
    ],
    ['a field that is not known', startOrder('1', { price: 1 }), 'InvalidRequest', 'price is not known here'],
    ['a command with a null character', { sagaId: '1', command: 'Start\0' }, 'InvalidRequest', /^command is/],
    ['a field with a null character', startOrder('1', { 'pri\0ce': 1 }), 'InvalidRequest', /^\? is not known here/],
    [
      'a field with half a surrogate pair',
      '{"sagaId":"1","command":"CancelOrder","reason":"other","\\ud800":1}',
      'InvalidRequest',
      /is not known here/,
    ],
    ['two order ids', startOrder('1', { orderId: '2' }), 'InvalidRequest', /^orderId is another one/],
    ['a cancel without a reason', { sagaId: '1', command: 'CancelOrder' }, 'InvalidRequest', 'reason is required'],
    ['a decision about no step', { sagaId: '1', command: 'ResolveStep', action: 'retry' }, 'InvalidRequest', /^step/],
    ['a reason in words', { sagaId: '1', command: 'CancelOrder', reason: 'twice' }, 'InvalidRequest', /^reason is one/],
    ['an order id like a card number', startOrder('4111111111111111'), 'InvalidRequest', /^sagaId is an order id/],
    ['an e-mail address as its id', startOrder('1', { commandId: 'a@b' }), 'InvalidRequest', /^commandId/],
    ['an id with a line break', startOrder('1', { commandId: 'a\nb' }), 'InvalidRequest', /^commandId/],
    [
      'an e-mail address for correlation',
      startOrder('1', { correlationId: 'a@b' }),
      'InvalidRequest',
      /^correlationId/,
    ],
    ['a member twice', '{"sagaId":"1","sagaId":"2","command":"StartOrder"}', 'InvalidJson', /twice/],
    ['nested without end', `{"a":${'['.repeat(9_000)}${']'.repeat(9_000)}}`, 'InvalidJson', /nested/],
  ])('that is %s is refused with the reason, and is a dead letter', async (_, content, code, detail) => {
    const message = received(content);
    expect(await takeIn(message)).toEqual(['refused']);
    const [row] = await tables.rows('SELECT code, detail FROM @.queued_commands WHERE place = $1', [message.place]);
    expect(row).toEqual({ code, detail: expect.stringMatching(detail) as string });
    const letters = await tables.rows('SELECT kind, reason FROM @.dead_letters');
    expect(letters).toMatchObject([{ kind: 'rejectedCommand', reason: expect.stringContaining(code) as string }]);
    expect(await tables.rows('SELECT * FROM @.command_queues')).toEqual([]);
  });

  it.each([
    ['without content (a tombstone)', null, 'InvalidJson'],
    ['in invalid UTF-8', bytes('{"sagaId":"1","command":"CancelOrder","comment":"', [0xff], '"}'), 'InvalidJson'],
    ['with a byte order mark', bytes([0xef, 0xbb, 0xbf], '{"sagaId":"1"}'), 'InvalidJson'],
  ])('%s is refused (K4)', async (_, value, code) => {
    expect(await takeIn(received('', { value }))).toEqual(['refused']);
    expect(await queued()).toMatchObject([{ code }]);
  });

  it('is refused without a value that was sent: it may be personal (rule 33)', async () => {
    const address = { name: 'Ada Lovelace', street: '', city: 'London', postalCode: 'W1', country: 'Engelland' };
    await takeIn(received(startOrder('1', { shippingAddress: address })));
    const stored = await tables.rows(
      'SELECT detail FROM @.queued_commands UNION ALL SELECT reason FROM @.dead_letters',
    );
    expect(stored).toHaveLength(2);
    expect(JSON.stringify(stored)).not.toMatch(/Lovelace|London|Engelland/);
  });

  it('stops no other if the database does not take it: it alone is refused, without its content', async () => {
    await tables.rows(`ALTER TABLE @.queued_commands ADD CONSTRAINT odd CHECK (saga_id <> 'order-odd')`);
    try {
      const [before, odd, after] = [
        received(startOrder('before')),
        received(startOrder('odd')),
        received(startOrder('after')),
      ];
      expect(await takeIn(before, odd, after)).toEqual(['queued', 'refused', 'queued']);
      expect(await queued()).toMatchObject([
        { queue: 'order-before' },
        { id: odd.place, code: 'InternalError' },
        { queue: 'order-after' },
      ]);
    } finally {
      await tables.rows('ALTER TABLE @.queued_commands DROP CONSTRAINT odd');
    }
  });

  it('with enormous keys, headers and values is kept in a row of bounded size, which says what is missing', async () => {
    const headers = { a: Buffer.alloc(500_000), b: null as unknown as Buffer };
    const message = received('x'.repeat(900_000), { headers, key: Buffer.alloc(5_000) });
    expect(await takeIn(message)).toEqual(['refused']);
    const [row] = await tables.rows('SELECT length(value) AS bytes, key, headers, lost FROM @.queued_commands');
    expect(row).toMatchObject({
      bytes: 65_536,
      key: null,
      headers: [],
      lost: expect.stringMatching(/value.*key.*headers/) as string,
    });
  });

  it('that was decided long ago is forgotten', async () => {
    await tables.rows(
      `INSERT INTO @.saga_commands (id, fingerprint, outcome, decided_at) VALUES ('old', '', 'accepted', now() - interval '31 days')`,
    );
    await tables.inbox.prune();
    expect(await tables.rows(`SELECT id FROM @.saga_commands WHERE id = 'old'`)).toEqual([]);
  });
});
