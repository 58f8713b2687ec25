/** Every command of README.md is executed as it is printed there, so that it cannot rot. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { isRunning } from '../../src/local/machine/processes.js';
import { findTemporal } from '../../src/local/temporal/finder.js';
import { eventually } from '../support/eventually.js';
import { ciScript, commands, commandsUnder, fences, follow, here, inlineCommands, scripts, urls } from './readme.js';
import { build, type RunningSystem, startSystem } from './running-system.js';

const PLACE = 'Place an order that succeeds';
const BREAK = 'Break one, and see it undone';

const accepted = z.object({ orderId: z.string(), sagaId: z.string(), state: z.literal('STARTED') });
const saga = z.object({ state: z.string(), reason: z.string().nullish() });

const settings = { SAGA_ATTEMPT_TIMEOUT: '3s' };
const dataDir = mkdtempSync(path.join(os.tmpdir(), 'unwind-readme-'));
let system: RunningSystem;

const run = async (command: string, orderId?: string) => await follow(command, system, settings, orderId);

/** Executes a `curl` line and returns the JSON that it printed. */
async function curl(line: string, orderId?: string): Promise<unknown> {
  if (!line.startsWith('curl ')) throw new Error(`no test knows this line of README.md: ${line}`);
  const { code, stdout, stderr } = await run(line.replace('curl ', 'curl -sS --fail-with-body '), orderId);
  if (code !== 0) throw new Error(`${line} exited ${code}: ${stderr}${stdout}`);
  return JSON.parse(stdout);
}

async function verdictOf(statusLine: string, orderId: string) {
  return await eventually(`the end of ${orderId}`, 30_000, async () => {
    const status = saga.parse(await curl(statusLine, orderId));
    return ['COMPLETED', 'FAILED', 'CANCELLED'].includes(status.state) && status;
  });
}

beforeAll(async () => {
  build();
  // If the cache is empty this fetches the server first; as the last resort Go builds it, which takes minutes.
  await findTemporal({ notice: (sentence) => process.stderr.write(`  ${sentence}\n`), env: process.env });
  const [install, start = ''] = commandsUnder('Start')[0]?.split(' && ') ?? [];
  expect(install).toBe('npm ci'); // CI has run it
  system = startSystem(dataDir, settings, `exec ${start}`);
  await system.line(/^ +logs/);
}, 900_000);

afterAll(async () => {
  if (isRunning(system.pid)) system.ctrlC();
  await system.ended;
  rmSync(dataDir, { recursive: true, force: true });
});

describe('README.md', () => {
  it('has commands under these headings only, because a new one needs its test here', () => {
    expect(fences.filter((language) => language !== 'bash')).toEqual([]);
    expect([...commands.keys()]).toEqual(['Start', PLACE, BREAK, 'Test it']);
    expect(commandsUnder('Start')).toEqual(['npm ci && npm start']);
    expect(commandsUnder('Test it')).toEqual(['npm ci && npm test']);
  });

  it('has a test command that CI runs, and names no npm script that does not exist', () => {
    expect(ciScript).toMatch(/part plain install npm ci/);
    expect(ciScript).toMatch(/npm run verify$/m);
    expect(scripts['verify']).toMatch(/ && npm test$/);
    const named = [...inlineCommands, ...[...commands.values()].flat()].flatMap((line) => line.split(' && '));
    for (const command of named.filter((each) => each.startsWith('npm ') && each !== 'npm ci')) {
      const [, name = ''] = /^npm (?:run )?([\w:-]+)/.exec(command) ?? [];
      expect(Object.keys(scripts)).toContain(name);
    }
  });

  it('names URLs that answer', async () => {
    expect(urls.length).toBeGreaterThan(1);
    for (const url of urls) expect((await fetch(here(url, system))).status).toBe(200);
  });
});

describe('a reader who follows README.md', () => {
  it('places an order that is completed', async () => {
    const [post = '', status = '', ...others] = commandsUnder(PLACE);
    expect(others).toEqual([]);
    const { orderId } = accepted.parse(await curl(post));
    expect(await verdictOf(status, orderId)).toMatchObject({ state: 'COMPLETED' });
  });

  it('breaks an order, sees it undone, and plays seven stories whose books agree', async () => {
    const [fail = '', post = '', demo = '', ...others] = commandsUnder(BREAK);
    expect(others).toEqual([]);
    await curl(fail);
    const { orderId } = accepted.parse(await curl(post));
    const status = commandsUnder(PLACE)[1] ?? '';
    expect(await verdictOf(status, orderId)).toMatchObject({ state: 'FAILED', reason: 'PaymentDeclined' });

    expect(demo).toBe('npm run demo');
    const { code, stdout, stderr } = await run(demo);
    expect(stdout).toMatch(/7 stories, all as expected\.\n/);
    expect(stdout).toMatch(/The books agree\.\n/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }, 180_000);

  it('sees the books agree', async () => {
    expect(inlineCommands).toContain('npx --no unwind verify-books');
    const { code, stdout } = await run('npx --no unwind verify-books');
    expect(stdout).toMatch(/The books agree\.\n$/);
    expect(code).toBe(0);
  });

  it('stops all of it with Ctrl-C', async () => {
    const pids = system.lines.flatMap((line) => Number(/ pid (\d+)$/.exec(line)?.[1] ?? 0) || []);
    expect(pids.length).toBeGreaterThan(7);
    system.ctrlC();
    expect(await system.ended).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
  });
});

it.each([
  'curl -X POST http://localhost:8001/api/test/fail-next-request',
  `curl -X POST http://localhost:8000/api/orders -H "Content-Type: application/json" -d '{"items":[{"productId":"123","quantity":2}]}'`,
  'curl http://localhost:8000/api/sagas/order-<orderId>/status',
])('README.md shows the command that the product started from: %s', (command) => {
  expect([...commands.values()].flat()).toContain(command);
});
