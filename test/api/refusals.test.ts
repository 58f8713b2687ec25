/** What a decision that comes too late, or too early, is told: the sentence speaks of what was asked (A7). */
import { sentenceFor, type Asked } from '../../src/steering/refusal-sentences.js';
import { createExecute } from '../../src/commands/execute.js';
import { items, openWorkingShop, sagaOf, type WorkingShop } from './working-shop.js';
import { type Caller, ROLES } from '../../src/caller.js';

const KAFKA: Caller = {
  id: 'kafka',
  roles: ROLES,
  actor: undefined,
  customerId: undefined,
  expiresAt: undefined,
  namesOrders: true,
};

let running: WorkingShop;

beforeAll(async () => {
  running = await openWorkingShop();
});

afterAll(() => running?.close());

const ASKED: readonly Asked[] = ['cancel', 'approve', 'reject', 'resolve'];
const STATES = ['STARTED', 'PENDING', 'COMPENSATING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;

/** Words that a sentence about this decision uses, and that none about another one may. */
const WORDS: Readonly<Record<Asked, RegExp>> = {
  cancel: /cancelled\.$/,
  approve: /(?:to approve|for an approval)\.$/,
  reject: /(?:to reject|for an approval)\.$/,
  resolve: /(?:for a decision|for this one)\.$/,
};

const post = (asked: Asked, orderId: string) =>
  asked === 'resolve'
    ? running.api.post(`/api/sagas/order-${orderId}/steps/process_payment/resolve`, { action: 'retry', reason: 'late' })
    : running.api.post(`/api/orders/${orderId}/${asked}`, { reason: 'too_late' });

describe.each(ASKED)('%s', (asked) => {
  const cases = ['order', 'saga'].flatMap((subject) => STATES.map((state) => [subject, state] as const));

  it.each(cases)('of an %s that is %s is refused with a sentence that fits (A7)', (subject, state) => {
    const ids = { sagaId: 'order-1', ...(subject === 'order' && { orderId: '1' }) };
    const sentence = sentenceFor(asked, state, ids) ?? '';
    expect(sentence).toMatch(WORDS[asked]);
    // A saga that is no order's is not called one.
    expect(sentence.includes('order')).toBe(subject === 'order' && !sentence.startsWith('The step'));
    const others = ASKED.filter((other) => WORDS[other].source !== WORDS[asked].source && other !== asked);
    for (const other of others) {
      if (asked === 'approve' || asked === 'reject') expect(sentence).not.toMatch(/no longer be cancelled/);
      if (sentence.endsWith('for an approval.')) continue;
      expect([other, WORDS[other].test(sentence)]).toEqual([other, false]);
    }
  });
});

describe('a decision over HTTP', () => {
  it('on a completed order speaks of what was asked, whichever it was (A7)', async () => {
    await running.fulfil('done');
    await running.endOf('done');
    const refusals = await Promise.all(ASKED.map((asked) => post(asked, 'done')));
    expect(refusals.map(({ status, body }) => [status, body['code'], body['detail']])).toEqual([
      [409, 'AlreadyFulfilled', 'The order has been fulfilled: it can no longer be cancelled.'],
      [409, 'AlreadyFulfilled', 'The order has been fulfilled: there is nothing left to approve.'],
      [409, 'AlreadyFulfilled', 'The order has been fulfilled: there is nothing left to reject.'],
      [409, 'AlreadyFulfilled', 'The order has been fulfilled: none of its steps waits for a decision.'],
    ]);
    for (const { body } of refusals.slice(1)) expect(JSON.stringify(body)).not.toMatch(/cancelled/);
  });

  it('on an order that is being paid says that it waits for no approval (A7)', async () => {
    const hold = running.shop.hold('paying');
    await running.client.placeOrder({ body: { orderId: 'paying', items } });
    await hold.reached;
    const [approved, rejected] = [await post('approve', 'paying'), await post('reject', 'paying')];
    for (const { status, body } of [approved, rejected]) {
      expect([status, body['code'], body['detail']]).toEqual([
        409,
        'NotApplicable',
        'The order does not wait for an approval.',
      ]);
    }
    hold.release();
    await running.endOf('paying');
  });
});

describe('a decision over Kafka', () => {
  it('on a completed order is refused with the same sentence (A7)', async () => {
    await running.fulfil('shipped');
    await running.endOf('shipped');
    const request = { reason: 'too_late' } as const;
    const command = { command: 'CancelOrder', sagaId: sagaOf('shipped'), orderId: 'shipped', request } as const;
    const refused = await createExecute(running.api.deps)(command, {
      caller: KAFKA,
      commandId: 'c-1',
      correlationId: 'c-1',
    }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'AlreadyFulfilled',
      message: 'The order has been fulfilled: it can no longer be cancelled.',
    });
  });
});
