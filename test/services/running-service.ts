/** A service under test: really listening, over a schema of its own, and spoken to by HTTP alone. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Client, Pool } from 'pg';
import { pino, type Logger } from 'pino';
import type { Service, ServiceOptions } from '../../src/services/participant/service.js';
import { databaseUrl, freshSchema } from '../support/database.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // What came over the wire; the tests say what they expect of it.
  readonly body: Record<string, unknown>;
}

export interface RunningService {
  readonly url: string;
  readonly schema: string;
  readonly service: Service;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  arm(fault: Record<string, unknown>): Promise<void>;
  /** Looks at the books, and arranges them, past the service. */
  sql<Row extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Runs the statement in a session of its own, and keeps its locks until the returned function is called. */
  hold(text: string, values?: unknown[]): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

interface Overrides {
  readonly schema?: string;
  readonly faultInjection?: boolean;
  readonly logger?: Logger;
  readonly token?: string;
}

type Open = (options: ServiceOptions) => Promise<Service>;

export async function run(open: Open, overrides: Overrides = {}): Promise<RunningService> {
  const schema = overrides.schema ?? freshSchema('services');
  const service = await open({
    databaseUrl: databaseUrl(),
    faultInjection: true,
    demoData: true,
    logger: pino({ level: 'silent' }),
    ...overrides,
    schema,
  });
  const server = service.app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const onlooker = new Pool({ connectionString: databaseUrl(), options: `-c search_path=${schema}`, max: 2 });
  onlooker.on('error', () => undefined);

  const call: RunningService['call'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
  };

  return {
    url,
    schema,
    service,
    call,
    async arm(fault) {
      const { status } = await call('POST', '/api/test/fail-next-request', fault);
      if (status !== 200) throw new Error(`The fault was not armed: ${status}`);
    },
    sql: async (text, values) => (await onlooker.query(text, values)).rows,
    async hold(text, values) {
      const client = new Client({ connectionString: databaseUrl(), options: `-c search_path=${schema}` });
      await client.connect();
      await client.query('BEGIN');
      await client.query(text, values);
      return () => client.end();
    },
    async stop() {
      server.close();
      await service.close();
      server.closeAllConnections();
      await onlooker.end();
    },
  };
}
