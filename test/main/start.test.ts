/** What keeps the system from starting is told in one sentence, with exit code 1 and nothing left running. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { build, startSystem } from '../journey/running-system.js';

let folder: string;

const SERVICES = ['PAYMENT', 'INVENTORY', 'SHIPPING', 'NOTIFICATION'];
const key = `shop:operator:${'ab'.repeat(32)}`;

beforeAll(build, 120_000);
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-start-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function linesOf(more: NodeJS.ProcessEnv, command?: string): Promise<readonly string[]> {
  const system = startSystem(folder, more, command);
  expect(await system.ended).toBe(1);
  return system.lines;
}

/** A port that somebody listens on. */
async function occupied(): Promise<{ port: string; free: () => void }> {
  const server = net.createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: String(address.port), free: () => server.close() };
}

describe('npm start', () => {
  it.each(['API_PORT', 'INVENTORY_PORT', 'PG_PORT', 'TEMPORAL_PORT', 'METRICS_PORT'])(
    'names %s where that port is in use',
    async (variable) => {
      const { port, free } = await occupied();
      try {
        expect(await linesOf({ [variable]: port })).toEqual([
          `unwind: Port ${port} (${variable}) is in use: stop what listens there, or set ${variable} to another port (0 takes a free one).`,
        ]);
      } finally {
        free();
      }
    },
  );

  it('names the database that does not answer, without its password', async () => {
    const { port, free } = await occupied();
    free();
    const lines = await linesOf({ DATABASE_URL: `postgres://unwind:s3cret@127.0.0.1:${port}/shop` });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^unwind: The database 127\.0\.0\.1:\d+\/shop does not let us in \(connect ECONNREFUSED/);
  });

  it('names a host that is not of this machine', async () => {
    expect(await linesOf({ LISTEN_HOST: '192.0.2.1' })).toEqual([
      'unwind: LISTEN_HOST 192.0.2.1 is no address of this machine: set it to one, such as 127.0.0.1, or to 0.0.0.0 for all.',
    ]);
  });

  it('names a variable whose value is wrong', async () => {
    expect(await linesOf({ SAGA_DEADLINE: 'never' })).toEqual([
      expect.stringMatching(/^unwind: SAGA_DEADLINE is "never", but must be a duration/),
    ]);
  });

  it('warns in production of servers that are for development', async () => {
    const { port, free } = await occupied();
    try {
      const credentials = Object.fromEntries(SERVICES.map((name) => [`${name}_TOKEN`, 'a-token-of-a-service']));
      expect(await linesOf({ NODE_ENV: 'production', API_PORT: port, AUTH_API_KEYS: key, ...credentials })).toEqual([
        'warning: in production set DATABASE_URL: the embedded PostgreSQL is for development.',
        "warning: in production set TEMPORAL_ADDRESS: Temporal's dev server is for development.",
        expect.stringContaining('(API_PORT) is in use'),
      ]);
    } finally {
      free();
    }
  });

  it.each([
    [
      'callers that nothing identifies in production',
      { NODE_ENV: 'production' },
      /^unwind: NODE_ENV=production, and the API/,
    ],
    ['AUTH without a way to know a caller', { AUTH: 'on' }, /^unwind: AUTH is on, and there is nothing/],
    [
      'a file of Temporal that is not there',
      { TEMPORAL_CONFIG_FILE: '/nowhere' },
      /^unwind: TEMPORAL_CONFIG_FILE names/,
    ],
    ['an absurd deadline', { SAGA_DEADLINE: '1ms' }, /^unwind: SAGA_DEADLINE is "1ms", but must be/],
  ])('refuses %s before anything is made or started (O1)', async (_what, env, sentence) => {
    const lines = await linesOf({ DEMO_DATA: 'off', FAULT_INJECTION: 'off', ...env });
    expect(lines.filter((line) => !line.startsWith('warning: '))).toEqual([expect.stringMatching(sentence)]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses a journal whose database does not answer before anything is started (O1)', async () => {
    const { port, free } = await occupied();
    free();
    const url = `postgres://unwind:c4nary@127.0.0.1:${port}/journal`;
    expect(await linesOf({ JOURNAL_DATABASE_URL: url })).toEqual([
      expect.stringMatching(
        /^unwind: The database 127\.0\.0\.1:\d+\/journal does not let us in .*, or correct JOURNAL_DATABASE_URL\.$/,
      ),
    ]);
    expect(readdirSync(folder).filter((name) => name !== 'logs')).toEqual([]);
  });

  it.each([
    ['16', 'PostgreSQL 16'],
    ['9.6', 'PostgreSQL 9.6'],
    ['19', 'PostgreSQL 19'],
    ['', 'an unknown version of PostgreSQL'],
  ])(
    'says both versions and the way out if other data is in its folder: PG_VERSION %s (O3)',
    async (version, maker) => {
      mkdirSync(path.join(folder, 'postgres'));
      writeFileSync(path.join(folder, 'postgres', 'PG_VERSION'), `${version}\n`);
      const [line = '', ...others] = await linesOf({});
      expect(others).toEqual([]);
      expect(line).toMatch(
        /^unwind: The data in .*\/postgres was made by .*, and the embedded server is PostgreSQL 18\.\d+/,
      );
      expect(line).toContain(`made by ${maker}, `);
      expect(line).toMatch(
        /dump it with the programs of the version that made it \(pg_dumpall\), move the folder away/,
      );
      expect(existsSync(path.join(folder, 'temporal.db'))).toBe(false);
    },
  );

  it('refuses fault injection in production', async () => {
    expect(await linesOf({ NODE_ENV: 'production', FAULT_INJECTION: 'on' })).toEqual([
      expect.stringMatching(/^unwind: FAULT_INJECTION is on, which NODE_ENV=production refuses/),
    ]);
  });
});

describe('each program by itself', () => {
  const production = { NODE_ENV: 'production' };
  it.each([
    ['api', production, /^unwind api: NODE_ENV=production, and the API does not know its callers/],
    ['api', { TEMPORAL_TLS: 'maybe' }, /^unwind api: TEMPORAL_TLS must be true or false/],
    ['worker', { TEMPORAL_CONFIG_FILE: '/nowhere' }, /^unwind worker: TEMPORAL_CONFIG_FILE names a file/],
    ['relay', {}, /^unwind relay: No sink is configured/],
    ['relay', { REDIS_URL: 'redis://r', TEMPORAL_TLS: 'maybe' }, /^unwind relay: TEMPORAL_TLS must be/],
    ['services parcels', {}, /^unwind parcels: "parcels" is no service/],
    ['services', { SAGA_DEADLINE: '1ms' }, /^unwind services: SAGA_DEADLINE is "1ms"/],
  ])('%s refuses what is wrong before it asks its database: %j (O1)', async (program, env, sentence) => {
    const { port, free } = await occupied();
    free();
    const lines = await linesOf(
      { DATABASE_URL: `postgres://unwind:c4nary@127.0.0.1:${port}/shop`, ...env },
      `exec node scripts/unwind.mjs start ${program}`,
    );
    expect(lines).toEqual([expect.stringMatching(sentence)]);
  });
});
