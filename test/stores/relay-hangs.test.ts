/** Two relay processes as they are started in production, and a real Redis (K5). */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createClient } from '@redis/client';
import { Client, escapeIdentifier } from 'pg';
import { openJournal, type Journal } from '../../src/journal/write/journal.js';
import { build } from '../journey/running-system.js';
import { databaseUrl, freshSchema } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { describeWith } from '../support/stores/missing.js';
import { redisServer } from '../support/stores/redis.js';
import type { StoreServer } from '../support/stores/server.js';
import { completedOrder } from './stories.js';

const WITHIN = 90_000;
const ROOT = path.join(import.meta.dirname, '..', '..');
const database = freshSchema('hanging_relay');

interface RunningRelay {
  readonly child: ChildProcess;
  readonly output: () => string;
  metric(name: string): Promise<string | undefined>;
}

const running: RunningRelay[] = [];
let redis: StoreServer;
let journal: Journal;
let url: string;

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl() });
  await client.connect();
  await client.query(statement);
  await client.end();
}

function startRelayProcess(): RunningRelay {
  const env = { DATABASE_URL: url, REDIS_URL: redis.url, RELAY_METRICS_PORT: '0', NODE_ENV: 'test', NODE_OPTIONS: '' };
  const child = spawn(process.execPath, [path.join(ROOT, 'dist', 'main', 'relay.js')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (some: Buffer) => (text += some.toString()));
  const relay: RunningRelay = {
    child,
    output: () => text,
    async metric(name) {
      const [, at = ''] = /metrics (http:[^" ]+)/.exec(text) ?? [];
      const answer = await fetch(at.replace('localhost', '127.0.0.1'), { signal: AbortSignal.timeout(5_000) });
      const line = (await answer.text()).split('\n').find((each) => each.startsWith(`${name}{sink="redis"`));
      return line?.split(' ').at(-1);
    },
  };
  running.push(relay);
  return relay;
}

const leads = (relay: RunningRelay, what = '1'): Promise<true> =>
  eventually(`unwind_sink_leader ${what}`, WITHIN, async () =>
    /metrics http/.test(relay.output()) ? (await relay.metric('unwind_sink_leader')) === what : false,
  );

const write = (name: string) =>
  journal.append({
    sagaId: `order-${name}`,
    sagaType: 'OrderFulfillment',
    runId: 'run',
    correlationId: 'c',
    required: true,
    entries: completedOrder(name),
  });

async function isInRedis(name: string): Promise<true> {
  const client = await createClient({ url: redis.url }).connect();
  try {
    return await eventually(`${name} in Redis`, WITHIN, async () => {
      return (await client.hGet(`saga:order-${name}`, 'state')) === 'COMPLETED';
    });
  } finally {
    client.destroy();
  }
}

describeWith('TEST_REDIS', 'a relay process that hangs (K5)', () => {
  beforeAll(async () => {
    build();
    redis = await redisServer();
    await redis.start();
    await onServer(`CREATE DATABASE ${escapeIdentifier(database)}`);
    url = Object.assign(new URL(databaseUrl()), { pathname: `/${database}` }).href;
    journal = openJournal({ databaseUrl: url, askRun: async () => ({ standing: 'reset' }) });
    await journal.prepare();
  }, 300_000);
  afterAll(async () => {
    for (const { child } of running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    await journal?.close();
    await redis?.close();
    await onServer(`DROP DATABASE IF EXISTS ${escapeIdentifier(database)} WITH (FORCE)`);
  }, 60_000);

  it('loses its sink to another one, says so when it wakes up, and the metrics say who leads', async () => {
    const first = startRelayProcess();
    await leads(first);
    const second = startRelayProcess();
    await leads(second, '0');
    expect(await second.metric('unwind_sink_up')).toBe('1');
    await write('before');
    await isInRedis('before');
    first.child.kill('SIGSTOP');
    await write('meanwhile');
    await isInRedis('meanwhile');
    await leads(second);
    expect(await second.metric('unwind_sink_up')).toBe('1');
    expect(await second.metric('unwind_sink_lease')).toBe('2');
    first.child.kill('SIGCONT');
    await leads(first, '0');
    await eventually('the first to say so', WITHIN, () => first.output().includes('another relay feeds this sink'));
    await write('after');
    await isInRedis('after');
    expect(await first.metric('unwind_sink_lag_events')).toBe('0');
    await leads(second);
  }, 300_000);
});
