/** What a service does when PostgreSQL, its callers or its supervisor do what they do in production. */
import { createServer, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { PG_MIGRATE_LOCK_ID } from 'node-pg-migrate';
import { pino } from 'pino';
import { openDatabase } from '../../src/services/participant/database.js';
import { openInventory } from '../../src/services/inventory/service.js';
import { openPayment } from '../../src/services/payment/service.js';
import { databaseUrl, freshSchema } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PARTICIPANTS } from './participants.js';
import { run, type RunningService } from './running-service.js';

const body = { orderId: 'o', customerId: 'c', paymentMethod: 'pm', amount: { amount: 100, currency: 'EUR' } };
const logger = pino({ level: 'silent' });
const parts = { demoData: true, faultInjection: true, logger };

const killSessions = (running: RunningService) =>
  running.sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
    `unwind_${running.schema}`,
  ]);

describe('when PostgreSQL ends the sessions', () => {
  it('the service goes on with new ones, in the middle of a crowd: no 500, and every repeat ends with one effect', async () => {
    const payment = await run(openPayment);
    const ids = Array.from({ length: 150 }, (_, index) => `crowd-${index}`);
    const pay = (id: string) => payment.call('PUT', `/api/payments/${id}`, body);
    const crowd = Promise.all(ids.map(pay));
    for (let round = 0; round < 5; round += 1) await killSessions(payment);
    const statuses = new Set((await crowd).map(({ status }) => status));
    expect([...statuses].filter((status) => ![200, 503].includes(status))).toEqual([]);
    for (const id of ids) await eventually(id, 5_000, async () => (await pay(id)).status === 200);
    expect(await payment.sql('SELECT count(*)::int AS n, sum(captured)::int AS captured FROM payments')).toEqual([
      { n: 150, captured: 15_000 },
    ]);
    await payment.stop();
  });

  it('idle sessions that were ended do not end the process', async () => {
    const payment = await run(openPayment);
    await Promise.all(Array.from({ length: 10 }, (_, index) => payment.call('GET', `/api/payments/${index}`)));
    await killSessions(payment);
    expect((await payment.call('PUT', '/api/payments/x', body)).status).toBe(200);
    await payment.stop();
  });
});

describe('when PostgreSQL cannot be reached', () => {
  it('everything is 503 with Retry-After and readiness is red, and it recovers by itself', async () => {
    const wire = await wireToDatabase();
    const payment = await run((options) => openPayment({ ...options, databaseUrl: wire.url }));
    expect((await payment.call('PUT', '/api/payments/before', body)).status).toBe(200);
    await wire.cut();
    const answer = await payment.call('PUT', '/api/payments/during', body);
    expect(answer).toMatchObject({ status: 503, body: { code: 'ServiceUnavailable' } });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect((await payment.call('GET', '/api/payments')).status).toBe(503);
    expect((await payment.call('GET', '/health/ready')).status).toBe(503);
    expect((await payment.call('GET', '/health/live')).status).toBe(200);
    await wire.restore();
    await eventually('readiness', 5_000, async () => (await payment.call('GET', '/health/ready')).status === 200);
    expect((await payment.call('PUT', '/api/payments/during', body)).status).toBe(200);
    await payment.stop();
    await wire.cut();
  });

  it('rule 23: a commit whose answer was lost is repeated into the stored answer, not into a second effect', async () => {
    const wire = await wireToDatabase();
    const payment = await run((options) => openPayment({ ...options, databaseUrl: wire.url }));
    wire.loseAnswerTo('COMMIT');
    expect(await payment.call('PUT', '/api/payments/x', body)).toMatchObject({ status: 200, body: { captured: 100 } });
    expect(wire.lost()).toBe(1);
    expect(await payment.sql('SELECT count(*)::int AS n FROM payments')).toEqual([{ n: 1 }]);
    wire.loseAnswerTo('COMMIT');
    expect(await payment.call('DELETE', '/api/payments/x')).toMatchObject({ status: 200, body: { status: 'undone' } });
    expect(await payment.sql('SELECT captured::int, refunded::int FROM payments')).toEqual([
      { captured: 100, refunded: 100 },
    ]);
    await payment.stop();
    await wire.cut();
  });
});

it('a row that another session holds is 503 after the lock time-out, never a hanging caller', async () => {
  const payment = await run(openPayment);
  await payment.call('PUT', '/api/payments/x', body);
  const letGo = await payment.hold(`SELECT FROM effects WHERE id = 'x' FOR UPDATE`);
  expect((await payment.call('DELETE', '/api/payments/x')).status).toBe(503);
  await letGo();
  expect((await payment.call('DELETE', '/api/payments/x')).body['status']).toBe('undone');
  await payment.stop();
});

describe('starting', () => {
  it('many processes at once migrate one schema once', async () => {
    const schema = freshSchema('together');
    const services = await Promise.all(
      Array.from({ length: 12 }, () => openInventory({ ...parts, databaseUrl: databaseUrl(), schema })),
    );
    await Promise.all(services.map((service) => service.close()));
    const inventory = await run(openInventory, { schema });
    expect(await inventory.sql('SELECT name FROM migrations ORDER BY id')).toEqual([
      { name: '1_ledger' },
      { name: '2_schema' },
      { name: '3_unit-prices' },
    ]);
    expect((await inventory.call('GET', '/api/products')).body['items']).toHaveLength(4);
    await inventory.stop();
  });

  it('what a service has changed since is brought to a schema that an older release has made (P2)', async () => {
    const old = await run(openPayment);
    await old.stop();
    const again = await run(openPayment, { schema: old.schema });
    await again.sql('ALTER TABLE payments DROP CONSTRAINT payments_amount_check');
    await again.sql('ALTER TABLE payments ADD CONSTRAINT payments_amount_check CHECK (amount >= 1)');
    await again.sql(`DELETE FROM migrations WHERE name = '3_zero'`);
    await again.stop();
    const payment = await run(openPayment, { schema: old.schema });
    const body = { orderId: 'o-1', customerId: 'c-1', paymentMethod: 'pm_1', amount: { amount: 0, currency: 'EUR' } };
    expect(await payment.call('PUT', '/api/payments/order-1', body)).toMatchObject({ status: 200 });
    await payment.stop();
  });

  it('a process waits its turn before it touches anything', async () => {
    const other = await run(openPayment);
    const schema = freshSchema('turn');
    const letGo = await other.hold('SELECT pg_advisory_xact_lock($1)', [PG_MIGRATE_LOCK_ID]);
    const opening = openPayment({ ...parts, databaseUrl: databaseUrl(), schema });
    const role = `unwind_${schema}`;
    try {
      await eventually('the wait', 5_000, async () => {
        const rows = await other.sql(
          `SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event = 'advisory'`,
          [`${role}_migration`],
        );
        return rows.length > 0;
      });
      expect(await other.sql('SELECT FROM pg_roles WHERE rolname = $1', [role])).toEqual([]);
    } finally {
      await letGo(); // all other migrations wait for it, too
    }
    await (await opening).close();
    await other.stop();
  });

  it('the login role needs no more than CREATEROLE, and CREATE on its database', async () => {
    const other = await run(openPayment);
    const url = new URL(databaseUrl());
    url.username = freshSchema('login');
    url.password = 'login';
    await other.sql(`CREATE ROLE ${url.username} LOGIN CREATEROLE PASSWORD 'login'`);
    await other.sql(`GRANT CREATE ON DATABASE "${url.pathname.slice(1)}" TO ${url.username}`);
    const schema = freshSchema('narrow');
    for (const _start of ['first', 'second']) {
      const service = await openPayment({ ...parts, databaseUrl: url.href, schema });
      await service.close();
    }
    await other.stop();
  });

  it('the four services start together in one database', async () => {
    const running = await Promise.all(PARTICIPANTS.map(({ open }) => run(open)));
    await Promise.all(running.map((service) => service.stop()));
  });

  it('rule 22: the serving role can delete nothing, and see no other schema', async () => {
    const [payment, inventory] = await Promise.all([run(openPayment), run(openInventory)]);
    const asService = (statement: string) => payment.sql(`SET ROLE unwind_${payment.schema}; ${statement}`);
    for (const statement of [
      'DELETE FROM effects',
      'TRUNCATE payments CASCADE',
      'DROP TABLE payments',
      'DELETE FROM payments',
    ]) {
      await expect(asService(statement)).rejects.toThrow(/permission denied|must be owner/);
    }
    await expect(asService(`SELECT * FROM ${inventory.schema}.products`)).rejects.toThrow('permission denied');
    await Promise.all([payment.stop(), inventory.stop()]);
  });

  it('a name that is no schema name is refused, and a URL with options of its own takes no role or path away', async () => {
    const open = (schema: string, url: string) => openPayment({ ...parts, databaseUrl: url, schema });
    await expect(open('x"; DROP', databaseUrl())).rejects.toThrow('is not a schema name');
    const withOptions = `${databaseUrl()}?options=-c%20search_path%3Dpublic`;
    const schema = freshSchema('options');
    const service = await open(schema, withOptions);
    await service.close();
    const schemaFile = new URL('../../src/services/payment/schema.sql', import.meta.url);
    const database = await openDatabase({ databaseUrl: withOptions, schema, schemaFile, logger });
    const asked = await database.query('SELECT current_user AS role, current_schema AS schema');
    expect(asked).toEqual([{ role: `unwind_${schema}`, schema }]);
    await database.close();
  });
});

describe('stopping', () => {
  it('cuts an injected delay short: 503, nothing done, and no waiting', async () => {
    const payment = await run(openPayment);
    await payment.arm({ mode: 'delay', delayMs: 3_600_000 });
    const delayed = payment.call('PUT', '/api/payments/x', body);
    await eventually('the delay', 5_000, async () => {
      const { body: faults } = await payment.call('GET', '/api/test/faults');
      return JSON.stringify(faults['items']) === '[]';
    });
    await payment.service.close();
    expect(await delayed).toMatchObject({ status: 503, body: { code: 'ServiceUnavailable' } });
    expect(await payment.sql('SELECT FROM effects')).toEqual([]);
    expect((await payment.call('PUT', '/api/payments/y', body)).status).toBe(503);
    expect(await payment.call('GET', '/health/ready')).toMatchObject({ status: 503, body: { status: 'stopping' } });
    await payment.stop();
  });

  it('finishes every request that it has begun, also those that still wait for a session', async () => {
    const payment = await run(openPayment);
    await payment.arm({ mode: 'slow-answer', delayMs: 0, times: 30 });
    const letGo = await payment.hold('LOCK TABLE payments IN SHARE MODE');
    const crowd = Promise.all(
      Array.from({ length: 30 }, (_, index) => payment.call('PUT', `/api/payments/p-${index}`, body)),
    );
    await eventually('all to have begun', 5_000, async () => {
      const { body: faults } = await payment.call('GET', '/api/test/faults');
      return JSON.stringify(faults['items']) === '[]';
    });
    const closed = payment.service.close();
    await letGo();
    expect((await crowd).map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 200));
    await closed;
    expect(await payment.sql('SELECT count(*)::int AS n FROM payments')).toEqual([{ n: 30 }]);
    await payment.stop();
  });
});

interface Wire {
  readonly url: string;
  /** The next time that the service sends this, PostgreSQL's answer goes astray and the connection with it. */
  loseAnswerTo(statement: string): void;
  /** How many answers went astray. */
  lost(): number;
  cut(): Promise<void>;
  restore(): Promise<void>;
}

/** A wire to PostgreSQL that can be cut. */
async function wireToDatabase(): Promise<Wire> {
  const target = new URL(databaseUrl());
  const sockets = new Set<Socket>();
  const wire = { needle: '', lost: 0 };
  const server = createServer((caller) => {
    const database = connect(Number(target.port), target.hostname);
    let losing = false;
    for (const socket of [caller, database]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        caller.destroy();
        database.end();
      });
    }
    caller.on('data', (chunk) => {
      losing ||= wire.needle !== '' && chunk.includes(wire.needle);
      if (losing) wire.needle = '';
      database.write(chunk);
    });
    database.on('data', (chunk) => {
      if (!losing) {
        caller.write(chunk);
        return;
      }
      wire.lost += 1;
      caller.destroy();
    });
  });
  const port = await listen(server, 0);
  const url = new URL(target);
  url.port = String(port);
  return {
    url: url.href,
    loseAnswerTo: (statement) => (wire.needle = statement),
    lost: () => wire.lost,
    async cut() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    restore: async () => void (await listen(server, port)),
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
