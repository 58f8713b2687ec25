/** What all tests share: one PostgreSQL server, and the executables of Temporal's two servers. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../../src/platform/ports.js';
import { startPostgres } from '../../src/local/postgres/server.js';
import { findTemporal } from '../../src/local/temporal/finder.js';
import { findTestServer } from '../../src/local/temporal/test-server.js';

const notice = (sentence: string): void => {
  process.stderr.write(`  ${sentence}\n`);
};

/** Ends the server and removes its folder when this process is gone, however it went: then the pipe breaks. */
function watchOver(folder: string): () => void {
  const script = 'read -r _; kill -QUIT "$(head -n 1 "$0/postgres/postmaster.pid")"; sleep 2; rm -rf "$0"';
  const watchdog = spawn('/bin/sh', ['-c', script, folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  return () => {
    watchdog.kill('SIGKILL');
    watchdog.stdin.destroy();
  };
}

/** Starts them, tells the tests by environment variables, and returns what ends them. Those that are told of already stay. */
export async function startSharedServers(): Promise<() => Promise<void>> {
  if (process.env['TEST_DATABASE_URL'] !== undefined) return async () => undefined;
  const testServer = await findTestServer({ env: process.env, notice });
  const { file: devServer } = await findTemporal({ env: process.env, notice });
  const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-test-'));
  const callOff = watchOver(folder);
  const postgres = await startPostgres({
    dataDir: folder,
    port: await freePort(),
    durable: false,
    logFile: path.join(folder, 'postgres.log'),
    notice: () => undefined,
  });
  postgres.process.unref();
  process.env['TEST_FOLDER'] = folder;
  process.env['TEST_DATABASE_URL'] = postgres.url;
  process.env['TEST_TEMPORAL_TEST_SERVER'] = testServer;
  process.env['TEST_TEMPORAL_SERVER'] = devServer;
  return async () => {
    callOff();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
