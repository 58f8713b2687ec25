/** `npm run histories:record [-- PATH …]`: brings an order onto each path on a dev server, and saves its history. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createDevServer } from '../support/dev-server.js';
import { environmentOf } from '../support/environment.js';
import { startSharedServers } from '../support/shared-servers.js';
import { openShop, type Shop } from '../workflows/shop.js';
import { PATHS } from './paths.js';

const ROOT = path.join(import.meta.dirname, '..', '..');
const FOLDER = path.join(import.meta.dirname, '..', 'histories');

/** Temporal's own command writes them, as an operator would export one. */
function historyOf(address: string, workflowId: string, runId: string): string {
  const show = ['workflow', 'show', '--address', address, '--workflow-id', workflowId, '--run-id', runId];
  const most = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
  const history = execFileSync(environmentOf('TEST_TEMPORAL_SERVER'), [...show, '--output', 'json'], most);
  // Stack traces name files of the repository, and not where it lies.
  return history.replaceAll(`${ROOT}/`, '');
}

/** The first run, and where there are more the last: what a release meets is one of each. */
async function runsOf(shop: Shop, sagaId: string): Promise<string[]> {
  const { raw, runId } = await shop.handleOf(sagaId).describe();
  const first = raw.workflowExecutionInfo?.firstRunId ?? runId;
  return first === runId ? [runId] : [first, runId];
}

async function record(shop: Shop, name: string, say: (line: string) => void): Promise<void> {
  const bring = PATHS[name];
  if (!bring) throw new Error(`There is no path ${name}; there are ${Object.keys(PATHS).join(', ')}`);
  await shop.disarm();
  const sagaId = await bring(shop);
  const runs = await runsOf(shop, sagaId);
  for (const old of readdirSync(FOLDER)) if (old.split('.')[0] === name) rmSync(path.join(FOLDER, old));
  runs.forEach((runId, index) => {
    const history = historyOf(shop.env.address, sagaId, runId);
    const file = runs.length > 1 ? `${name}.${index + 1}.json` : `${name}.json`;
    writeFileSync(path.join(FOLDER, file), history);
    say(`${file}: ${JSON.parse(history).events.length} events`);
  });
}

/** Records the named paths, or all of them. */
export async function recordHistories(names: readonly string[], say: (line: string) => void): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const stop = await startSharedServers();
  try {
    const shop = await openShop({ openServer: createDevServer, journal: {} });
    try {
      for (const name of names.length > 0 ? names : Object.keys(PATHS)) await record(shop, name, say);
    } finally {
      await shop.close();
    }
  } finally {
    await stop();
  }
}
