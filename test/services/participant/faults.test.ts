import { openNotification } from '../../../src/services/notification/service.js';
import { openPayment } from '../../../src/services/payment/service.js';
import { eventually } from '../../support/eventually.js';
import { PARTICIPANTS, UNDOABLE } from '../participants.js';
import { run, type RunningService } from '../running-service.js';

const addPen = (running: RunningService) =>
  running.sql(`INSERT INTO products VALUES ('pen', 'Pen', 300, 'EUR', 1000, 1000, 0)`);

describe.each(PARTICIPANTS)('injected faults at $name', (participant) => {
  let running: RunningService;
  let id: string;
  let path: string;
  let count = 0;
  const put = () => running.call('PUT', path, participant.body);
  const standing = async () => (await running.sql<{ n: number }>(participant.standing, [id]))[0]?.n;

  beforeAll(async () => {
    running = await run(participant.open);
    if (participant.name === 'inventory') await addPen(running);
  });
  afterAll(() => running.stop());
  beforeEach(async () => {
    id = `order-fault-${(count += 1)}${participant.idEnd}`;
    path = `/api/${participant.collection}/${id}`;
    await running.call('DELETE', '/api/test/faults');
  });

  it('the bare curl of the seed, without body and content type, refuses the next PUT, and the refusal is stored', async () => {
    const armed = await fetch(`${running.url}/api/test/fail-next-request`, { method: 'POST' });
    expect(await armed.json()).toEqual({ mode: 'refuse', times: 1, delayMs: 1000, operation: 'PUT' });
    expect(await put()).toMatchObject({ status: 422, body: { code: participant.mainRefusal } });
    expect(await put()).toMatchObject({ status: 422, body: { code: participant.mainRefusal } });
    expect((await running.call('GET', path)).body).toMatchObject({ status: 'refused', effect: 'none' });
    expect(await standing()).toBe(0);
  });

  it('refuse does not touch what the ledger has decided', async () => {
    const first = await put();
    await running.arm({});
    expect(await put()).toMatchObject({ status: 200, body: first.body });
    expect(await standing()).toBe(1);
  });

  it('unavailable: 503 with Retry-After, as often as armed, and nothing is done', async () => {
    await running.arm({ mode: 'unavailable', times: 2 });
    for (const _ of [1, 2]) {
      const answer = await put();
      expect(answer).toMatchObject({ status: 503, body: { code: 'ServiceUnavailable' } });
      expect(answer.headers.get('retry-after')).toBe('1');
      expect((await running.call('GET', path)).body['status']).toBe('none');
    }
    expect((await put()).status).toBe(200);
  });

  it('rule 34: drop-response commits the PUT and breaks the connection; the repeat gets the stored answer', async () => {
    await running.arm({ mode: 'drop-response' });
    await expect(put()).rejects.toThrow('fetch failed');
    expect(await standing()).toBe(1);
    const stored = (await running.call('GET', path)).body;
    expect(stored).toEqual({ id, status: 'applied', effect: 'applied', ...participant.applied });
    expect(await put()).toMatchObject({ status: 200, body: stored });
    expect(await standing()).toBe(1);
  });

  it('rule 23: drop-response commits a refusal, too', async () => {
    await running.arm({ mode: 'drop-response' });
    await expect(running.call('PUT', path, participant.refused)).rejects.toThrow('fetch failed');
    expect((await running.call('GET', path)).body).toMatchObject({ status: 'refused', code: participant.refusal });
  });

  it('slow-answer commits first and answers later', async () => {
    await running.arm({ mode: 'slow-answer', delayMs: 300 });
    const started = performance.now();
    const answer = put();
    await eventually('the effect', 5_000, async () => (await standing()) === 1);
    expect(await answer).toMatchObject({ status: 200, body: { status: 'applied' } });
    expect(performance.now() - started).toBeGreaterThan(290);
  });

  it('garbage commits, and answers what no schema accepts', async () => {
    await running.arm({ mode: 'garbage' });
    await expect(put()).rejects.toThrow(SyntaxError);
    expect(await standing()).toBe(1);
    expect((await put()).status).toBe(200);
  });

  it('rule 20: a delayed PUT is a late original: it is handled although its caller has left', async () => {
    await running.arm({ mode: 'delay', delayMs: 200 });
    const request = { method: 'PUT', headers: { 'content-type': 'application/json' } };
    const leaving = fetch(`${running.url}${path}`, {
      ...request,
      body: JSON.stringify(participant.body),
      signal: AbortSignal.timeout(50),
    });
    await expect(leaving).rejects.toThrow('timeout');
    await eventually('the late original', 5_000, async () => (await standing()) === 1);
  });

  it('a fault for GET leaves PUT alone', async () => {
    await running.arm({ mode: 'unavailable', operation: 'GET' });
    expect((await put()).status).toBe(200);
    expect((await running.call('GET', path)).status).toBe(503);
    expect((await running.call('GET', path)).status).toBe(200);
  });

  it('requests that are wrong, collections and health use no fault up', async () => {
    await running.arm({ mode: 'unavailable' });
    await running.arm({ mode: 'unavailable', operation: 'GET' });
    await running.call('PUT', path, {});
    await running.call('GET', `/api/${participant.collection}`);
    await running.call('GET', '/health/ready');
    await fetch(`${running.url}${path}`, { method: 'HEAD' });
    expect((await running.call('GET', '/api/test/faults')).body['items']).toHaveLength(2);
  });
});

describe.each(UNDOABLE)('injected faults on DELETE at $name', (participant) => {
  let running: RunningService;
  const path = `/api/${participant.collection}/order-1`;
  const standing = async () => (await running.sql<{ n: number }>(participant.standing, ['order-1']))[0]?.n;

  beforeEach(async () => {
    running = await run(participant.open);
    if (participant.name === 'inventory') await addPen(running);
    await running.call('PUT', path, participant.body);
  });
  afterEach(() => running.stop());

  it('rule 34: drop-response undoes once and breaks the connection; the repeat says undone', async () => {
    await running.arm({ mode: 'drop-response', operation: 'DELETE' });
    await expect(running.call('DELETE', path)).rejects.toThrow('fetch failed');
    expect(await standing()).toBe(0);
    const row = await running.sql('SELECT * FROM effects');
    expect(await running.call('DELETE', path)).toMatchObject({ status: 200, body: { status: 'undone' } });
    expect(await running.sql('SELECT * FROM effects')).toEqual(row);
  });

  it('unavailable leaves the effect alone, and a PUT is not concerned', async () => {
    await running.arm({ mode: 'unavailable', operation: 'DELETE' });
    expect((await running.call('PUT', path, participant.body)).status).toBe(200);
    expect((await running.call('DELETE', path)).status).toBe(503);
    expect(await standing()).toBe(1);
  });
});

describe('arming', () => {
  let payment: RunningService;
  const arm = (fault: unknown) => payment.call('POST', '/api/test/fail-next-request', fault);
  beforeAll(async () => {
    payment = await run(openPayment);
  });
  afterAll(() => payment.stop());
  beforeEach(() => payment.call('DELETE', '/api/test/faults'));

  it('armed faults queue, first in, first out, and can be seen and cleared', async () => {
    await arm({ mode: 'unavailable', times: 2 });
    await arm({ mode: 'garbage' });
    await arm({ mode: 'unavailable', operation: 'DELETE' });
    const status = async () => (await payment.call('PUT', '/api/payments/q', { amount: 0 })).status;
    expect(await status()).toBe(400);
    const body = { orderId: 'o', customerId: 'c', paymentMethod: 'pm', amount: { amount: 1, currency: 'EUR' } };
    expect((await payment.call('PUT', '/api/payments/q', body)).status).toBe(503);
    expect((await payment.call('GET', '/api/test/faults')).body).toEqual({
      items: [
        { mode: 'unavailable', times: 1, delayMs: 1000, operation: 'PUT' },
        { mode: 'garbage', times: 1, delayMs: 1000, operation: 'PUT' },
        { mode: 'unavailable', times: 1, delayMs: 1000, operation: 'DELETE' },
      ],
    });
    expect((await payment.call('DELETE', '/api/test/faults')).body).toEqual({ cleared: 3 });
    expect((await payment.call('PUT', '/api/payments/q', body)).status).toBe(200);
  });

  it.each([
    [{ mode: 'explode' }, 'mode'],
    [{ times: 0 }, 'times'],
    [{ times: 1.5 }, 'times'],
    [{ delayMs: -1 }, 'delayMs'],
    [{ operation: 'POST' }, 'operation'],
    [{ mode: 'refuse', operation: 'GET' }, 'operation'],
    [{ unknown: 1 }, 'unknown'],
    [[], 'body'],
  ])('%j is not a fault: 400 names %s', async (fault, field) => {
    expect(await arm(fault)).toMatchObject({ status: 400, body: { code: 'ValidationFailed', errors: [{ field }] } });
    expect((await payment.call('GET', '/api/test/faults')).body).toEqual({ items: [] });
  });

  it('a service without DELETE arms no fault for it', async () => {
    const notification = await run(openNotification);
    const answer = await notification.call('POST', '/api/test/fail-next-request', { operation: 'DELETE' });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'operation' }] } });
    await notification.stop();
  });

  it('has no routes if fault injection is off', async () => {
    const closed = await run(openPayment, { faultInjection: false });
    for (const [method, path] of [
      ['POST', '/api/test/fail-next-request'],
      ['GET', '/api/test/faults'],
      ['DELETE', '/api/test/faults'],
    ] as const) {
      expect(await closed.call(method, path)).toMatchObject({ status: 404, body: { code: 'NotFound' } });
    }
    expect(JSON.stringify((await closed.call('GET', '/openapi.json')).body)).not.toContain('fail-next-request');
    await closed.stop();
  });
});
