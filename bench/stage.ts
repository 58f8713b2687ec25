/**
 * Everything that a benchmark runs on, started for it alone: Temporal's dev server as `npm start` tunes it, PostgreSQL
 * twice (one for Unwind, one for the four services, so that their costs are told apart), the services, and workers.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client, type Connection } from '@temporalio/client';
import { Client as Postgres } from 'pg';
import { freePort } from '../src/platform/ports.js';
import { startPostgres } from '../src/local/postgres/server.js';
import { findTemporal } from '../src/local/temporal/finder.js';
import { connectTemporal } from '../src/platform/temporal/namespace.js';
import { startTemporal } from '../src/local/temporal/server.js';
import { openOrders, type OrderStore } from '../src/orders/store/orders.js';
import { startChild, watchOver, type Child } from './children.js';
import { cpuOf } from './cpu.js';
import type { StepUrls } from './baseline/steps.js';
import { PRODUCTS, productId } from './orders.js';

export const SERVICES = ['inventory', 'payment', 'shipping', 'notification'] as const;

/** Whose processor time is told apart. `participants` are the services and their database: the same calls for everybody. */
export type Part = 'temporal' | 'worker' | 'postgres' | 'participants' | 'client';

export interface Stage {
  readonly folder: string;
  readonly client: Client;
  readonly connection: Connection;
  readonly address: string;
  readonly urls: StepUrls;
  readonly orders: OrderStore;
  readonly databaseUrl: string;
  readonly servicesDatabaseUrl: string;
  /** Unwind's worker as `npm start` runs it. */
  startUnwind(env?: Readonly<Record<string, string>>, node?: readonly string[]): Promise<Child>;
  /** Unwind's API, with the URL as its `where`. */
  startApi(env?: Readonly<Record<string, string>>): Promise<Child>;
  startBaseline(taskQueue: string, address?: string): Promise<Child>;
  startAnchor(name: string): Promise<Child>;
  /** Milliseconds so far, with these processes as the `worker`. */
  cpu(workers: readonly Child[]): Record<Part, number>;
  /** Where `temporal` is. */
  readonly program: string;
  /** A server in a process group of its own: ended even if this process is killed. */
  own(pid: number): void;
  /** Ends with the stage. */
  onClose(end: () => Promise<void>): void;
  close(): Promise<void>;
}

export const NAMESPACE = 'default';

export interface StageOptions {
  readonly say: (line: string) => void;
}

/** Takes some 10 s. What fails half-way is ended again. */
export async function openStage({ say }: StageOptions): Promise<Stage> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-bench-'));
  const watchdog = watchOver(folder);
  const ends: (() => Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      for (const end of ends.toReversed()) await end().catch((error: unknown) => say(`while ending: ${String(error)}`));
      watchdog.callOff();
      rmSync(folder, { recursive: true, force: true });
    })());
  try {
    return await build({ folder, say, close, onClose: (end) => ends.push(end), own: (pid) => watchdog.add(pid) });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Site {
  readonly folder: string;
  readonly say: (line: string) => void;
  readonly onClose: (end: () => Promise<void>) => void;
  readonly own: (pid: number) => void;
  readonly close: () => Promise<void>;
}

async function build(site: Site): Promise<Stage> {
  const { folder, say, onClose, close } = site;
  say('starting PostgreSQL twice, Temporal and the services');
  // The services' database does not wait for the disk: they stand for other teams' systems, and are not measured.
  const [own, theirs, temporal] = await Promise.all([
    database(site, 'own', true),
    database(site, 'services', false),
    temporalServer(site),
  ]);
  const connection = await connectTemporal(temporal.target, 30_000);
  onClose(() => connection.close());
  const services = await Promise.all(SERVICES.map((name) => startService(site, name, theirs.url)));
  const urls = Object.fromEntries(
    SERVICES.map((name, at) => [name, onLoopback(services[at]?.where ?? '')]),
  ) as unknown as StepUrls;
  await stockProducts(theirs.url);
  const orders = await openOrders({ databaseUrl: own.url, demoData: true, poolSize: 4 });
  onClose(() => orders.close());
  const { address } = temporal.target;
  const start = startersFor(site, { address, databaseUrl: own.url, urls });
  return {
    folder,
    client: new Client({ connection, namespace: NAMESPACE }),
    connection,
    address,
    urls,
    orders,
    databaseUrl: own.url,
    servicesDatabaseUrl: theirs.url,
    ...start,
    cpu(workers) {
      const parts = [
        temporal.pid,
        own.pid,
        theirs.pid,
        ...services.map(({ pid }) => pid),
        ...workers.map(({ pid }) => pid),
      ];
      const [server = 0, postgres = 0, ...rest] = cpuOf(parts);
      const participants = rest.slice(0, 1 + services.length).reduce((sum, each) => sum + each, 0);
      const worker = rest.slice(1 + services.length).reduce((sum, each) => sum + each, 0);
      const { user, system } = process.cpuUsage();
      return { temporal: server, worker, postgres, participants, client: (user + system) / 1000 };
    },
    program: temporal.program,
    own: site.own,
    onClose,
    close,
  };
}

/** Enough of everything for any number of runs. */
async function stockProducts(url: string): Promise<void> {
  const database = new Postgres({ connectionString: url });
  await database.connect();
  const ids = Array.from({ length: PRODUCTS }, (_, number) => productId(number));
  await database.query(
    `INSERT INTO inventory.products (id, name, price, currency, stocked, available)
     SELECT id, id, 2100, 'EUR', 1000000000, 1000000000 FROM unnest($1::text[]) AS id`,
    [ids],
  );
  await database.end();
}

/** A name would be looked up for each connection. */
export const onLoopback = (url: string): string => url.replace('localhost', '127.0.0.1');

async function database({ folder, onClose, own }: Site, name: string, durable: boolean) {
  const dataDir = path.join(folder, name);
  const server = await startPostgres({
    dataDir,
    port: await freePort(),
    durable,
    logFile: path.join(folder, `postgres-${name}.log`),
    notice: () => undefined,
  });
  own(server.pid);
  onClose(() => server.stop());
  return { url: server.url, pid: server.pid };
}

async function temporalServer({ folder, onClose, own, say }: Site) {
  const program = await findTemporal({ env: process.env, notice: say });
  const [port, uiPort] = [await freePort(), await freePort()];
  const target = { configured: false, address: `127.0.0.1:${port}`, namespace: NAMESPACE, connection: {} };
  const dataDir = path.join(folder, 'temporal');
  mkdirSync(dataDir);
  const logFile = path.join(folder, 'temporal.log');
  const server = await startTemporal({ program, dataDir, port, uiPort, target, logFile, notice: say });
  own(server.pid);
  onClose(() => server.stop());
  return { target, pid: server.pid, program: program.file };
}

async function startService({ folder, onClose }: Site, name: string, databaseUrl: string): Promise<Child> {
  const child = await startChild({
    module: 'dist/main/services.js',
    args: [name],
    env: {
      NODE_ENV: 'development',
      DATABASE_URL: databaseUrl,
      [`${name.toUpperCase()}_PORT`]: '0',
      LOG_LEVEL: 'warn',
    },
    logFile: path.join(folder, `${name}.log`),
  });
  onClose(() => child.stop());
  return child;
}

interface Where {
  readonly address: string;
  readonly databaseUrl: string;
  readonly urls: StepUrls;
}

/** Whoever starts a process here also ends it, or leaves that to the stage. */
function startersFor({ folder, onClose }: Site, { address, databaseUrl, urls }: Where) {
  const kept = async (starting: Promise<Child>): Promise<Child> => {
    const child = await starting;
    onClose(() => child.stop());
    return child;
  };
  const logFile = (name: string): string => path.join(folder, `${name}.log`);
  const serviceUrls = Object.fromEntries(SERVICES.map((name) => [`${name.toUpperCase()}_URL`, urls[name]]));
  const common = {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: address,
    METRICS_PORT: '0',
    WORKER_HEALTH_PORT: '0',
    ...serviceUrls,
  };
  return {
    startUnwind: (env: Readonly<Record<string, string>> = {}, node: readonly string[] = []) =>
      kept(
        startChild({
          module: 'dist/main/worker.js',
          env: { NODE_ENV: 'production', ...common, ...env },
          logFile: logFile('worker'),
          node,
        }),
      ),
    startApi: (env: Readonly<Record<string, string>> = {}) =>
      kept(
        startChild({
          module: 'dist/main/api.js',
          env: { NODE_ENV: 'development', API_PORT: '0', ...common, ...env },
          logFile: logFile('api'),
        }),
      ),
    startBaseline: (taskQueue: string, at = address) =>
      kept(
        startChild({
          module: 'bench/baseline/worker.ts',
          args: [at, NAMESPACE, taskQueue, JSON.stringify(urls)],
          env: { NODE_ENV: 'production' },
          logFile: logFile(`baseline-${taskQueue}`),
        }),
      ),
    startAnchor: (name: string) =>
      kept(
        startChild({
          module: `bench/anchors/${name}.mjs`,
          args: [JSON.stringify(urls)],
          env: { NODE_ENV: 'production', DATABASE_URL: databaseUrl },
          logFile: logFile(`anchor-${name}`),
        }),
      ),
  };
}
