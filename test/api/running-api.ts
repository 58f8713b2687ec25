/** The API on a free port, over a schema of its own, beside a stand-in for the inventory service. */
import http from 'node:http';
import type { Client } from '@temporalio/client';
import { Client as Postgres } from 'pg';
import { pino } from 'pino';
import { createApp, type ApiDeps } from '../../src/api/app.js';
import { watchTemporalClock } from '../../src/platform/temporal/clock.js';
import { openReader } from '../../src/journal/read/open-reader.js';
import { prepareJournal } from '../../src/journal/tables/prepare.js';
import { openOrders, type OrderStore } from '../../src/orders/store/orders.js';
import { TASK_QUEUE, type SagaPolicy } from '../../src/workflows/messages.js';
import { databaseUrl, freshSchema } from '../support/database.js';
import { runInventory, type Inventory } from './inventory.js';
import { listen, stop, urlOf } from './listening.js';

export const POLICY: SagaPolicy = {
  attemptTimeout: 1_000,
  stepTimeout: 300_000,
  retriableBudget: 86_400_000,
  compensationBudget: 86_400_000,
  deadline: 604_800_000,
};

export interface RunningApi {
  readonly url: string;
  readonly orders: OrderStore;
  readonly deps: ApiDeps;
  readonly journalUrl: string;
  readonly journalSchema: string;
  readonly inventory: Inventory;
  /** The API's log so far, one parsed line each. */
  readonly log: Record<string, unknown>[];
  /** The ids in the orders table. */
  rows(): Promise<string[]>;
  /** Runs in the API's schema. */
  sql<Row extends object>(text: string): Promise<Row[]>;
  request(method: string, path: string, init?: RequestInit): Promise<Answer>;
  /** POSTs JSON. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // What a test expects of it, it asserts.
  readonly body: Record<string, unknown>;
  readonly text: string;
}

export interface ApiOptions {
  readonly temporal: Client;
  readonly demoData?: boolean;
  readonly databaseUrl?: string;
  /** Of the journal, where it is not the same. */
  readonly journalUrl?: string;
  /** A schema of its own, unless said otherwise. */
  readonly journalSchema?: string;
  /** Callers, limits and the like. */
  readonly more?: Partial<ApiDeps>;
}

export async function runApi({
  temporal,
  demoData = true,
  databaseUrl: url = databaseUrl(),
  journalUrl = url,
  journalSchema = freshSchema('api_journal'),
  more = {},
}: ApiOptions): Promise<RunningApi> {
  const schema = freshSchema('api');
  const orders = await openOrders({ databaseUrl: url, schema, demoData });
  const journal = openReader({ databaseUrl: journalUrl, schema: journalSchema, orders });
  // As the process does: an order under a chosen id waits for the journal's word.
  await prepareJournal(journal, pino({ level: 'silent' }));
  const inventory = await runInventory();
  const log: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) });
  const clock = watchTemporalClock({ temporal, taskQueue: TASK_QUEUE, logger: pino({ level: 'silent' }) });
  const deps: ApiDeps = {
    orders,
    journal,
    temporal,
    clock,
    taskQueue: TASK_QUEUE,
    policy: POLICY,
    inventory: inventory.url,
    demoData,
    logger,
    ...more,
  };
  const server = await listen(http.createServer(createApp(deps)));
  const base = urlOf(server);

  async function request(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${base}${path}`, { method, ...init });
    const text = await response.text();
    const isJson = text !== '' && /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    const body = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { status: response.status, headers: response.headers, body, text };
  }

  return {
    url: base,
    orders,
    deps,
    journalUrl,
    journalSchema,
    inventory,
    log,
    request,
    rows: async () => (await sql<{ id: string }>(schema, 'SELECT id FROM orders')).map(({ id }) => id),
    sql: (text) => sql(schema, text),
    post: (path, body, headers = {}) =>
      request('POST', path, {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    async close() {
      await Promise.all([clock.stop(), deps.clock.stop()]);
      await Promise.all([stop(server), inventory.close(), orders.close(), journal.close()]);
      await sql(schema, `DROP SCHEMA IF EXISTS ${schema}, ${journalSchema} CASCADE`);
    },
  };
}

async function sql<Row extends object>(schema: string, text: string): Promise<Row[]> {
  const client = new Postgres({ connectionString: databaseUrl(), options: `-c search_path=${schema}` });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}
