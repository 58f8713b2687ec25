/** The example's adapter before a processor that knows only charge and refund: it keeps the contract, and loses no money. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Express } from 'express';
import { Pool } from 'pg';
import { createAdapter } from '../../examples/card-adapter/adapter.js';
import { createFakeProcessor } from '../../examples/card-adapter/fake-processor.js';
import { connectProcessor } from '../../examples/card-adapter/processor.js';
import { checkParticipant, exitCodeOf, type ConformanceOptions } from '../../src/conformance/conformance.js';
import { databaseUrl, freshSchema } from '../support/database.js';

const bodies = path.join(import.meta.dirname, '..', '..', 'examples', 'card-adapter', 'bodies');
const read = (name: string) => JSON.parse(readFileSync(path.join(bodies, `${name}.json`), 'utf8'));

const schema = freshSchema('cards');
const pool = new Pool({ connectionString: databaseUrl(), options: `-c search_path=${schema}`, max: 20 });
const servers: Server[] = [];
let processor: string;
let adapter: string;

async function serve(app: Express): Promise<string> {
  const server = app.listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  await pool.query(`CREATE SCHEMA ${schema}`);
  processor = await serve(createFakeProcessor());
  adapter = `${await serve(await createAdapter(pool, connectProcessor(processor)))}/api/card-payments`;
});
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await pool.end();
});

const json = { 'content-type': 'application/json' };
async function call(method: string, id: string, body?: object) {
  const sent = body && { headers: json, body: JSON.stringify(body) };
  const response = await fetch(`${adapter}/${id}`, { method, ...sent });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const next = (fault: string) =>
  fetch(`${processor}/test/next`, { method: 'POST', headers: json, body: JSON.stringify({ fault }) });
const booksOf = async (id: string): Promise<unknown> => (await fetch(`${processor}/v1/books?reference=${id}`)).json();
const statusOf = async (id: string) =>
  (await pool.query('SELECT status FROM card_payments WHERE id = $1', [id])).rows[0]?.status;

/** The committed preparations, for the port that the processor has here. */
const preparations = (): ConformanceOptions['prepare'] =>
  Object.fromEntries(
    Object.entries(read('prepare') as Record<string, { url: string }>).map(([name, { url, ...request }]) => [
      name,
      { ...request, url: `${processor}${new URL(url).pathname}` },
    ]),
  );

it('it passes each rule of the kit, and the books of the processor agree (rules 19 to 23)', async () => {
  const report = await checkParticipant({
    url: adapter,
    body: read('body'),
    otherBody: read('other-body'),
    refusedBody: read('refused-body'),
    prepare: preparations(),
    books: booksOf,
  });
  expect(report.results.filter(({ outcome }) => !['passed', 'doesNotApply'].includes(outcome))).toEqual([]);
  expect({ exitCode: exitCodeOf(report), remaining: report.remaining }).toEqual({ exitCode: 0, remaining: [] });
  const undone = await pool.query(`SELECT id FROM card_payments WHERE status = 'undone'`);
  expect(undone.rowCount).toBeGreaterThan(20);
  for (const { id } of undone.rows) expect(await booksOf(id)).toMatchObject([{ refunds: 1 }]);
});

describe('an answer of the processor that is lost', () => {
  it('leaves a charge that the repeat finds by its key: the card is charged once (rule 19)', async () => {
    await next('lose-answer');
    expect(await call('PUT', 'lost-1', read('body'))).toMatchObject({
      status: 503,
      body: { code: 'ServiceUnavailable' },
    });
    expect(await call('GET', 'lost-1')).toMatchObject({ status: 503 });
    expect(await call('PUT', 'lost-1', read('body'))).toMatchObject({ status: 200, body: { effect: 'applied' } });
    expect(await booksOf('lost-1')).toMatchObject([{ amount: 4200, refunds: 0 }]);
  });

  it('is cleared up by a compensation alone: the money is given back, once (rule 20)', async () => {
    await next('lose-answer');
    await call('PUT', 'lost-2', read('body'));
    expect(await statusOf('lost-2')).toBe('charging');
    expect(await call('DELETE', 'lost-2')).toMatchObject({ status: 200, body: { status: 'undone', effect: 'none' } });
    expect(await booksOf('lost-2')).toMatchObject([{ amount: 4200, refunds: 1 }]);
    expect(await call('PUT', 'lost-2', read('body'))).toMatchObject({
      status: 410,
      body: { code: 'AlreadyCancelled' },
    });
  });

  it('of a refund is found by its key: the money is given back once (rule 22)', async () => {
    await call('PUT', 'lost-3', read('body'));
    await next('lose-answer');
    expect(await call('DELETE', 'lost-3')).toMatchObject({ status: 503 });
    expect(await call('DELETE', 'lost-3')).toMatchObject({ status: 200, body: { status: 'undone' } });
    expect(await booksOf('lost-3')).toMatchObject([{ refunds: 1 }]);
  });

  it('to a charge that was declined is no charge: its compensation fences (rule 20)', async () => {
    await next('lose-answer');
    expect(await call('PUT', 'lost-4', read('refused-body'))).toMatchObject({ status: 503 });
    expect(await call('DELETE', 'lost-4')).toMatchObject({ status: 200, body: { status: 'fenced' } });
    expect(await booksOf('lost-4')).toEqual([]);
  });
});

it('a charge whose key the processor has forgotten is never asked for again: its outcome stays unknown (rule 9)', async () => {
  await next('lose-answer');
  await call('PUT', 'old', read('body'));
  await pool.query(`UPDATE card_payments SET created_at = now() - interval '24 hours' WHERE id = 'old'`);
  for (const method of ['PUT', 'DELETE', 'GET']) {
    expect(await call(method, 'old', method === 'PUT' ? read('body') : undefined)).toMatchObject({ status: 503 });
  }
  expect(await booksOf('old')).toMatchObject([{ refunds: 0 }]);
});

it('a compensation of what was never asked for does not ask the processor: it works while that is away (rule 20)', async () => {
  await next('unavailable');
  expect(await call('DELETE', 'never')).toMatchObject({ status: 200, body: { status: 'fenced' } });
  await next('');
});
