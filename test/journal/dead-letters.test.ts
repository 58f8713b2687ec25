/** An operator works off what needs a human (rules 16, 18 and 29). */
import { randomUUID } from 'node:crypto';
import { SHORT } from '../recording/bringing.js';
import { PATHS } from '../recording/paths.js';
import { openDeadLetters, type DeadLetters } from '../../src/journal/dead-letters/table.js';
import { openReader, type OpenReader } from '../../src/journal/read/open-reader.js';
import { clockWithoutCache } from '../../src/platform/temporal/clock.js';
import { getSagaState, resolveStep, TASK_QUEUE } from '../../src/workflows/messages.js';
import { resolveDeadLetter, type Verb } from '../../src/steering/resolve-dead-letter.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { openShop, type Shop } from '../workflows/shop.js';

let shop: Shop;
let letters: DeadLetters;
let reader: OpenReader;
beforeAll(async () => {
  shop = await openShop({ openServer: createDevServer, journal: {} });
  reader = openReader({ databaseUrl: shop.journal.url, schema: shop.journal.schema, orders: shop.orders });
  letters = await openDeadLetters({ databaseUrl: shop.journal.url, schema: shop.journal.schema });
});
afterAll(async () => {
  await letters?.close();
  await reader?.close();
  await shop?.close();
});

const change = (requestId: string = randomUUID()) => ({ actor: 'olga', reason: 'the provider is back', requestId });
const letterOf = async (sagaId: string) =>
  eventually('the letter', 10_000, async () => (await letters.list({})).find((letter) => letter.sagaId === sagaId));

async function work(sagaId: string, verb: Verb, requestId?: string) {
  const letter = await letterOf(sagaId);
  const { env, orders, urls } = shop;
  const worked = await resolveDeadLetter(
    letters,
    {
      temporal: env.client,
      clock: clockWithoutCache(env.client, TASK_QUEUE),
      orders,
      journal: reader,
      notification: urls.notification,
    },
    { letter, verb, change: change(requestId) },
  );
  return { worked, letter: await letters.get(letter.id) };
}

/** An order whose refund is refused. */
async function blocked(): Promise<string> {
  await shop.arm('shipping', { mode: 'refuse' });
  await shop.arm('payment', { mode: 'refuse', operation: 'DELETE' });
  const sagaId = await shop.place({}, SHORT);
  await letterOf(sagaId);
  await shop.disarm();
  return sagaId;
}

describe('a blocked step', () => {
  it('is listed with its reason and attempts, and retried by the saga, whose journal closes the entry', async () => {
    const sagaId = await blocked();
    expect(await letterOf(sagaId)).toMatchObject({ kind: 'blocked', step: 'process_payment', reason: 'RefundRefused' });
    expect((await work(sagaId, 'drop')).worked.done).toBe(false);
    const { worked, letter } = await work(sagaId, 'retry');
    expect(worked).toEqual({ done: true, said: 'retried' });
    expect(letter).toMatchObject({ resolution: 'retried', resolvedBy: 'olga', resolvedReason: 'the provider is back' });
    expect(await shop.outcomeOf(sagaId)).toMatchObject({ state: 'FAILED', waivers: [] });
  });

  it('is waived by its resolution, in the verdict as well', async () => {
    const sagaId = await blocked();
    const { worked } = await work(sagaId, 'resolve');
    expect(worked).toEqual({ done: true, said: 'skipped' });
    expect(await shop.outcomeOf(sagaId)).toMatchObject({ waivers: [{ step: 'process_payment', actor: 'olga' }] });
    expect(await letters.list({})).toEqual([]);
  });

  it('is not decided under a request id that was used with another reason (rule 18)', async () => {
    const sagaId = await blocked();
    const requestId = randomUUID();
    await shop.arm('payment', { mode: 'refuse', operation: 'DELETE' });
    const validUntil = new Date(Date.now() + 60_000).toISOString();
    const earlier = { step: 'process_payment', actor: 'olga', reason: 'a first try', requestId, validUntil };
    const handle = shop.handleOf(sagaId);
    await handle.executeUpdate(resolveStep, { args: [{ ...earlier, action: 'retry' }], updateId: requestId });
    await eventually('the second refusal', 20_000, async () => {
      const { blockedOn, steps } = await handle.query(getSagaState);
      return blockedOn !== null && steps.some(({ name, attempts }) => name === 'process_payment' && attempts > 2);
    });
    expect((await work(sagaId, 'retry', requestId)).worked).toEqual({
      done: false,
      said: 'refused: RequestIdReused',
      code: 'RequestIdReused',
    });
    expect((await work(sagaId, 'resolve')).worked).toEqual({ done: true, said: 'skipped' });
  });

  it('of a saga that was terminated can only be noted', async () => {
    const sagaId = await blocked();
    await shop.handleOf(sagaId).terminate();
    expect((await work(sagaId, 'retry')).worked).toEqual({
      done: false,
      said: 'its saga runs no more: resolve it',
      code: 'AlreadyEnded',
    });
    expect((await work(sagaId, 'resolve')).letter).toMatchObject({ resolution: 'resolved', resolvedBy: 'olga' });
  });
});

describe('a notification that was never delivered', () => {
  const undelivered = async (): Promise<string> => (await PATHS['confirmation-undelivered']?.(shop)) ?? '';

  it('is sent again under the same id; a failure counts, and leaves it open', async () => {
    const sagaId = await undelivered();
    const failed = await work(sagaId, 'retry');
    expect(failed).toMatchObject({ worked: { done: false }, letter: { resolution: null } });
    expect(failed.letter?.attempts).toBeGreaterThan(1);
    await shop.disarm();
    expect(await work(sagaId, 'retry')).toMatchObject({
      worked: { done: true, said: 'delivered' },
      letter: { resolution: 'delivered', resolvedBy: 'olga' },
    });
    const notice = await shop.ledgerOf('notification', `notifications/${sagaId}-confirmation`);
    expect(notice).toMatchObject({ effect: 'applied' });
  });

  it('can be noted as dealt with', async () => {
    const sagaId = await undelivered();
    await shop.disarm();
    expect((await work(sagaId, 'resolve')).letter).toMatchObject({ resolution: 'resolved', resolvedBy: 'olga' });
  });
});
