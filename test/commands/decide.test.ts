import { escapeIdentifier, Pool } from 'pg';
import { Problem } from '../../src/api/problem.js';
import { decide, type CommandMessage, type RejectedCommand } from '../../src/commands/decide.js';
import type { Command } from '../../src/commands/command.js';
import { openInbox } from '../../src/commands/inbox.js';
import { migrateJournal } from '../../src/journal/migrate.js';
import { databaseUrl, freshSchema } from '../support/database.js';

const schema = freshSchema('commands');
const pool = new Pool({ connectionString: databaseUrl() });
const inbox = openInbox(pool, schema);

/** What was acted on, what was refused, and what happens instead of either. */
let obeyed: Command[];
let rejected: RejectedCommand[];
let obeying: () => Promise<void>;
let rejecting: () => Promise<void>;

const deps = {
  inbox,
  obey: async (command: Command) => {
    await obeying();
    obeyed.push(command);
  },
  reject: async (command: RejectedCommand) => {
    await rejecting();
    rejected.push(command);
  },
};

let offset = 0;
const messageOf = (content: unknown): CommandMessage => ({
  value: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
  place: `saga-commands/0/${(offset += 1)}@1700000000000`,
});

const items = [{ productId: '123', quantity: 2 }];
const startOrder = (sagaId: string, more: object = {}) => ({ sagaId, command: 'StartOrder', items, ...more });

beforeAll(() => migrateJournal(databaseUrl(), schema));
afterAll(async () => {
  await pool.query(`DROP SCHEMA ${escapeIdentifier(schema)} CASCADE`);
  await pool.end();
});
beforeEach(() => {
  obeyed = [];
  rejected = [];
  obeying = () => Promise.resolve();
  rejecting = () => Promise.resolve();
});

describe('a command', () => {
  it.each(['4711', 'order-4711'])('names its saga as %s, and is acted on', async (sagaId) => {
    expect(await decide(deps, messageOf(startOrder(sagaId)))).toBe('accepted');
    expect(obeyed).toMatchObject([{ sagaId: 'order-4711', orderId: '4711', request: { orderId: '4711', items } }]);
  });

  it('is acted on once, however often the broker delivers it', async () => {
    const message = messageOf(startOrder('once'));
    expect([await decide(deps, message), await decide(deps, message)]).toEqual(['accepted', 'repeated']);
    expect(obeyed).toHaveLength(1);
  });

  it('is acted on once, however often its sender sends it under the same id', async () => {
    const content = startOrder('twice', { commandId: 'ticket-1' });
    expect(await decide(deps, messageOf(content))).toBe('accepted');
    expect(await decide(deps, messageOf(content))).toBe('repeated');
    expect(obeyed).toHaveLength(1);
  });

  it('with the id of another one is refused, and the other one stays what it was', async () => {
    await decide(deps, messageOf(startOrder('mine', { commandId: 'ticket-2' })));
    const message = messageOf(startOrder('yours', { commandId: 'ticket-2' }));
    expect([await decide(deps, message), await decide(deps, message)]).toEqual(['refused', 'repeated']);
    expect(rejected).toMatchObject([{ sagaId: 'order-yours', code: 'RequestIdReused', id: message.place }]);
    const { rows } = await pool.query(`SELECT outcome FROM ${schema}.saga_commands WHERE id = 'ticket-2'`);
    expect(rows).toEqual([{ outcome: 'accepted' }]);
  });

  it('is decided later where Temporal or a database is away, and is then acted on', async () => {
    const message = messageOf(startOrder('later'));
    obeying = () => Promise.reject(new Problem('EngineUnavailable'));
    for (let tries = 1; tries < 20; tries += 1) {
      await expect(decide(deps, message, tries)).rejects.toMatchObject({ name: 'UndecidedError' });
    }
    obeying = () => Promise.resolve();
    expect(await decide(deps, message)).toBe('accepted');
    expect(rejected).toEqual([]);
  });

  it('whose refusal could not be published is refused again, under the same id', async () => {
    const message = messageOf({ sagaId: 'unsaid', command: 'StartOrder' });
    rejecting = () => Promise.reject(new Error('the broker is away'));
    await expect(decide(deps, message)).rejects.toThrow('the broker is away');
    rejecting = () => Promise.resolve();
    expect(await decide(deps, message)).toBe('refused');
    expect(rejected).toMatchObject([{ id: message.place, code: 'InvalidRequest', detail: 'items is required' }]);
  });

  it('that fails in a way that nobody has foreseen is tried a few times, and then refused', async () => {
    const message = messageOf(startOrder('odd'));
    obeying = () => Promise.reject(new TypeError('a mistake of ours'));
    for (let tries = 1; tries < 5; tries += 1) await expect(decide(deps, message, tries)).rejects.toThrow(TypeError);
    expect(await decide(deps, message, 5)).toBe('refused');
    expect(rejected).toMatchObject([{ code: 'InternalError' }]);
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
  ])('that is %s is refused with the reason, and is a dead letter', async (_, content, code, detail) => {
    const message = messageOf(content);
    expect(await decide(deps, message)).toBe('refused');
    expect(obeyed).toEqual([]);
    expect(rejected).toMatchObject([{ code, detail: expect.stringMatching(detail) as string }]);
    const { rows } = await pool.query(`SELECT kind, reason FROM ${schema}.dead_letters WHERE event_id = $1`, [
      message.place,
    ]);
    expect(rows).toMatchObject([{ kind: 'rejectedCommand', reason: expect.stringContaining(code) as string }]);
  });

  it('without content (a tombstone) is refused', async () => {
    expect(await decide(deps, { value: null, place: 'saga-commands/0/none@1' })).toBe('refused');
    expect(rejected).toMatchObject([{ code: 'InvalidJson', sagaId: undefined }]);
  });

  it('is refused without a value that was sent: it may be personal (rule 33)', async () => {
    const address = { name: 'Ada Lovelace', street: '', city: 'London', postalCode: 'W1', country: 'Engelland' };
    await decide(deps, messageOf(startOrder('1', { shippingAddress: address })));
    expect(JSON.stringify(rejected)).not.toMatch(/Lovelace|London|Engelland/);
  });

  it('that was decided long ago is forgotten', async () => {
    await decide(deps, messageOf(startOrder('old', { commandId: 'old' })));
    await pool.query(`UPDATE ${schema}.saga_commands SET decided_at = now() - interval '31 days' WHERE id = 'old'`);
    await inbox.prune();
    const { rows } = await pool.query(`SELECT id FROM ${schema}.saga_commands WHERE id = 'old'`);
    expect(rows).toEqual([]);
  });
});
