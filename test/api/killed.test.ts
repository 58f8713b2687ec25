/** Nothing that was acknowledged is lost: Temporal and the API are killed, and the API is stopped, under a stream of orders. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { Client as Postgres } from 'pg';
import { isRunning } from '../../src/local/machine/processes.js';
import { build, startSystem, type RunningSystem } from '../journey/running-system.js';
import { eventually } from '../support/eventually.js';

interface Sent {
  readonly key: string;
  /** 0: no connection, so that nothing was sent; -1: the connection broke before the answer was there. */
  readonly status: number;
  readonly orderId: string | undefined;
}

const dataDir = mkdtempSync(path.join(os.tmpdir(), 'unwind-killed-'));
let system: RunningSystem;
let connection: Connection;
let temporal: Client;
let port: number;

beforeAll(async () => {
  build();
  system = startSystem(dataDir);
  await system.line(/^ +logs/);
  port = Number(new URL(system.urlOf('api')).port);
  connection = Connection.lazy({ address: temporalAddress(), channelArgs: { 'grpc.max_reconnect_backoff_ms': 500 } });
  temporal = new Client({ connection });
  // The first order of a system is slow.
  await eventually('the first order', 30_000, async () => (await send(agent(), randomUUID())).status === 202);
}, 300_000);

afterAll(async () => {
  await connection?.close();
  if (isRunning(system.pid)) system.ctrlC();
  await system.ended;
  rmSync(dataDir, { recursive: true, force: true });
});

const temporalAddress = (): string =>
  /127\.0\.0\.1:\d+/.exec(system.lines.findLast((line) => /^temporal +up/.test(line)) ?? '')?.[0] ?? '';

const agent = (): http.Agent => new http.Agent({ keepAlive: true, maxSockets: 1 });

/** Whether the request has been written decides what its loss means: so by hand, not by fetch. */
function send(connections: http.Agent, key: string): Promise<Sent> {
  return new Promise((resolve) => {
    let connected = false;
    const ended = (status: number, body = ''): void => {
      const orderId = /"orderId":"([^"]+)"/.exec(body)?.[1];
      resolve({ key, status, orderId });
    };
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    const request = http.request(
      { port, path: '/api/orders', method: 'POST', agent: connections, headers },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => ended(response.statusCode ?? 0, body));
        response.on('error', () => ended(-1));
      },
    );
    request.on('socket', (socket) => {
      if (!socket.connecting) connected = true;
      socket.once('connect', () => (connected = true));
    });
    request.on('error', () => ended(connected ? -1 : 0));
    request.end('{"items":[{"productId":"123","quantity":1}]}');
  });
}

/** Ten customers that order again and again, until they are told to stop. */
function customers(): { stop(): Promise<Sent[]>; readonly sent: readonly Sent[] } {
  const sent: Sent[] = [];
  const stopped = new AbortController();
  const customer = async (): Promise<void> => {
    const connections = agent();
    while (!stopped.signal.aborted) {
      const answer = await send(connections, randomUUID());
      sent.push(answer);
      // What is away is not asked a thousand times a second.
      if (answer.status !== 202) await pause(20);
    }
    connections.destroy();
  };
  const all = Promise.all(Array.from({ length: 10 }, customer));
  return {
    sent,
    async stop() {
      stopped.abort();
      await all;
      return sent;
    },
  };
}

const accepted = (sent: readonly Sent[]): Sent[] => sent.filter(({ status }) => status === 202);

async function executionsOf(orderId: string): Promise<number> {
  let count = 0;
  for await (const _ of temporal.workflow.list({ query: `WorkflowId = 'order-${orderId}'` })) count += 1;
  return count;
}

/** Each acknowledged order has exactly one workflow, which ends well; and no order has more than one. */
async function nothingIsLost(sent: readonly Sent[]): Promise<void> {
  const orders = accepted(sent).map(({ orderId }) => orderId ?? 'none');
  expect(new Set(orders).size).toBe(orders.length);
  for (const orderId of orders) {
    const end = await temporal.workflow.getHandle(`order-${orderId}`).result();
    expect(end).toMatchObject({ state: 'COMPLETED' });
  }
  for (const orderId of orders) {
    await eventually(`${orderId} in the list`, 10_000, async () => (await executionsOf(orderId)) === 1);
  }
}

/** Every order that was asked for, answered or not, asked for again by its key: it has the id that it had. */
async function repeatsFindThem(sent: readonly Sent[]): Promise<void> {
  const connections = agent();
  for (const { key, status, orderId } of sent.filter((each) => each.status !== 0).slice(-60)) {
    const repeat = await eventually('an answer', 30_000, async () => {
      const answer = await send(connections, key);
      return answer.status === 202 && answer;
    });
    if (status === 202) expect(repeat.orderId).toBe(orderId);
    else expect(repeat.orderId).toBeDefined();
  }
  connections.destroy();
}

async function keysWithoutOrder(): Promise<number> {
  const postgres = new Postgres({ connectionString: system.databaseUrl() });
  await postgres.connect();
  const { rows } = await postgres.query<{ count: number }>(
    `SELECT count(*)::int FROM unwind.idempotency_keys k LEFT JOIN unwind.orders o ON o.id = k.order_id WHERE o.id IS NULL`,
  );
  await postgres.end();
  return rows[0]?.count ?? -1;
}

/**
 * How long the API took for each order that it answered 503, as its log has it: what this process waits for beyond that
 * is the machine's doing.
 */
async function timesOf503(): Promise<number[]> {
  const log = await readFile(path.join(dataDir, 'logs', 'api.log'), 'utf8');
  return log.split('\n').flatMap((line) => {
    if (!line.includes('"status":503') || !line.includes('"method":"POST"')) return [];
    const { responseTime }: { responseTime?: number } = Object(JSON.parse(line.slice(line.indexOf('{'))));
    return responseTime === undefined ? [] : [responseTime];
  });
}

const restarted = async (name: string, pid: number): Promise<void> => {
  await eventually(`${name} to be back`, 60_000, () => system.pidOf(name) !== pid);
};

it('loses no acknowledged order when Temporal is killed, twice, and answers 503 within two seconds while it is away', async () => {
  const crowd = customers();
  for (let blow = 0; blow < 2; blow++) {
    const before = accepted(crowd.sent).length;
    await eventually('a stream', 30_000, () => accepted(crowd.sent).length > before + 30);
    const pid = system.pidOf('temporal');
    process.kill(pid, 'SIGKILL');
    await eventually('a refusal', 30_000, () => crowd.sent.some(({ status }) => status === 503));
    await restarted('temporal', pid);
    const after = accepted(crowd.sent).length;
    await eventually('orders again', 60_000, () => accepted(crowd.sent).length > after + 10);
  }
  const sent = await crowd.stop();
  const away = sent.filter(({ status }) => status === 503);
  expect(sent.every(({ status }) => status === 202 || status === 503)).toBe(true);
  const slowest = Math.max(...(await timesOf503()));
  expect(slowest).toBeGreaterThan(0);
  expect(slowest).toBeLessThan(2_000);
  await repeatsFindThem(away);
  await nothingIsLost(sent);
  process.stdout.write(
    `Temporal killed twice: ${accepted(sent).length} accepted, ${away.length} told 503 within ${Math.round(slowest)} ms, none lost\n`,
  );
}, 300_000);

it('loses no acknowledged order when the API is killed: an unanswered request is found again by its key', async () => {
  const crowd = customers();
  for (let blow = 0; blow < 2; blow++) {
    const before = accepted(crowd.sent).length;
    await eventually('a stream', 30_000, () => accepted(crowd.sent).length > before + 30);
    const pid = system.pidOf('api');
    process.kill(pid, 'SIGKILL');
    await restarted('api', pid);
    const after = accepted(crowd.sent).length;
    await eventually('orders again', 60_000, () => accepted(crowd.sent).length > after + 10);
  }
  const sent = await crowd.stop();
  const broken = sent.filter(({ status }) => status === -1);
  await repeatsFindThem(broken);
  await nothingIsLost(sent);
  expect(await keysWithoutOrder()).toBe(0);
  process.stdout.write(`API killed twice: ${accepted(sent).length} accepted, ${broken.length} unanswered, none lost\n`);
}, 300_000);

it('drops no accepted request when the API gets SIGTERM under load', async () => {
  const crowd = customers();
  await eventually('a stream', 30_000, () => accepted(crowd.sent).length > 30);
  const pid = system.pidOf('api');
  process.kill(pid, 'SIGTERM');
  await restarted('api', pid);
  const after = accepted(crowd.sent).length;
  await eventually('orders again', 60_000, () => accepted(crowd.sent).length > after + 10);
  const sent = await crowd.stop();
  expect(sent.filter(({ status }) => ![0, 202].includes(status))).toEqual([]);
  await nothingIsLost(sent);
  process.stdout.write(`API stopped under load: ${accepted(sent).length} accepted, none dropped\n`);
}, 300_000);
