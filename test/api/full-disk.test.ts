/** A real full disk: an embedded PostgreSQL whose data lie on a small mount, which a file fills up. */
import { execFile } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { lackOfSpace } from '../../src/local/machine/free-space.js';
import { freePort } from '../../src/platform/ports.js';
import { startPostgres, type Postgres } from '../../src/local/postgres/server.js';
import { codeOf } from '../../src/platform/reason.js';
import { eventually } from '../support/eventually.js';
import type { TestEnv } from '../support/temporal.js';
import { runApi, type RunningApi } from './running-api.js';
import { createWarmServer } from './warm-server.js';

const run = promisify(execFile);
const MEGABYTE = 1_000_000;
const LEAST_MB = 50;

// Others than root may not mount. If root may not either, the proof fails.
const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

(mayMount ? describe : describe.skip)('with PostgreSQL on a small disk of its own (needs root on Linux)', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-full-disk-'));
  const filler = path.join(folder, 'filler');
  let mounted = false;
  let postgres: Postgres;
  let temporal: TestEnv;
  let api: RunningApi;

  beforeAll(async () => {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=200m', 'tmpfs', folder]);
    mounted = true;
    postgres = await startPostgres({
      dataDir: folder,
      port: await freePort(),
      durable: true,
      logFile: path.join(folder, 'postgres.log'),
      notice: () => undefined,
    });
    temporal = await createWarmServer();
    api = await runApi({
      temporal: temporal.client,
      databaseUrl: postgres.url,
      more: { lackOfSpace: () => lackOfSpace(folder, LEAST_MB) },
    });
  });

  afterAll(async () => {
    await api?.close();
    await temporal?.close();
    await postgres?.stop();
    if (mounted) await run('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  const becomes = (status: string) =>
    eventually(`the API to be ${status}`, 30_000, async () => {
      const answer = await api.request('GET', '/health/ready');
      return answer.body['status'] === status && answer.body;
    });

  /** Writes until `enough` says so, or nothing more goes onto the disk: true. */
  async function fill(enough: () => Promise<boolean>): Promise<boolean> {
    const file = openSync(filler, 'a');
    try {
      for (let size = MEGABYTE; size >= 1;) {
        if (await enough()) return false;
        try {
          writeSync(file, Buffer.alloc(size));
        } catch (error) {
          if (codeOf(error) !== 'ENOSPC') throw error;
          size = Math.floor(size / 2);
        }
      }
      return true;
    } finally {
      closeSync(file);
    }
  }

  const place = () => api.post('/api/orders', { items: [{ productId: '123', quantity: 1 }] });

  it('the duty of placing is down while little or nothing is left, reads go on, and it is up again after (O4)', async () => {
    await becomes('ready');
    expect((await place()).status).toBe(202);

    await fill(async () => (await lackOfSpace(folder, LEAST_MB)) !== undefined);
    expect(await becomes('degraded')).toMatchObject({
      reads: 'up',
      places: 'down',
      steers: 'up',
      postgresql: 'up',
      writes: 'up',
      reasons: [expect.stringMatching(/^The disk of DATA_DIR has \d+ MB free: DATA_DIR_MIN_FREE_MB asks for 50\.$/)],
    });

    expect(await fill(() => Promise.resolve(false))).toBe(true);
    const full = await eventually('the probe to fail', 30_000, async () => {
      const { body } = await api.request('GET', '/health/ready');
      return body['writes'] === 'down' && body;
    });
    expect(full).toMatchObject({
      status: 'degraded',
      reads: 'up',
      places: 'down',
      steers: 'down',
      postgresql: 'up',
      reasons: [
        'PostgreSQL takes no writes: its disk is full (SQLSTATE 53100).',
        expect.stringContaining('has 0 MB free'),
      ],
    });
    const [reads, places] = await Promise.all(
      ['reads', 'places'].map((duty) => api.request('GET', `/health/ready?duty=${duty}`)),
    );
    expect([reads?.status, places?.status]).toEqual([200, 503]);
    expect((await api.request('GET', '/api/orders/unknown')).status).toBe(404);

    rmSync(filler);
    await becomes('ready');
    expect((await place()).status).toBe(202);
  });
});
