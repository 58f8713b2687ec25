/** `npm run histories:record`: brings an order onto each path that has none on a dev server, and saves its history. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createDevServer } from '../support/dev-server.js';
import { environmentOf } from '../support/environment.js';
import { startSharedServers } from '../support/shared-servers.js';
import { openShop, type Shop } from '../workflows/shop.js';
import { freeze, historiesIn, recordingsOf, type Recording, type Wanted } from './frozen.js';
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

async function record(shop: Shop, recording: Recording, say: (line: string) => void): Promise<void> {
  const bring = PATHS[recording.path];
  if (!bring) throw new Error(`There is no path ${recording.path}`);
  await shop.disarm();
  const sagaId = await bring(shop);
  const runs = await runsOf(shop, sagaId);
  for (const old of filesOf(recording)) rmSync(path.join(FOLDER, old));
  runs.forEach((runId, index) => {
    const history = historyOf(shop.env.address, sagaId, runId);
    const file = runs.length > 1 ? `${recording.as}.${index + 1}.json` : `${recording.as}.json`;
    writeFileSync(path.join(FOLDER, file), history);
    say(`${file}: ${JSON.parse(history).events.length} events`);
  });
}

/** Its own files alone: `completed.json` and `completed.1.json`, not those with a label. */
const filesOf = ({ as }: Recording): string[] =>
  historiesIn(FOLDER).filter((file) => file.startsWith(`${as}.`) && /^(\d+\.)?json$/.test(file.slice(as.length + 1)));

/**
 * Records what has no history yet, or what is asked for, and freezes it.
 *
 * @throws Error before anything is started if that would change a frozen history
 */
export async function recordHistories(wanted: Wanted, say: (line: string) => void): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const recordings = recordingsOf(wanted, Object.keys(PATHS), FOLDER);
  if (recordings.length === 0) return say('Each path has a history; --as LABEL records one beside it');
  const stop = await startSharedServers();
  try {
    const shop = await openShop({ openServer: createDevServer, journal: {} });
    try {
      for (const recording of recordings) await record(shop, recording, say);
    } finally {
      await shop.close();
    }
  } finally {
    await stop();
  }
  freeze(FOLDER);
}
