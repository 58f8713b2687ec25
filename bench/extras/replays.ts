/** How fast committed histories are replayed: what a release check, and a worker that starts under open orders, must do. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { inParallel } from '../../src/platform/in-parallel.js';
import type { Stage } from '../stage.js';

export interface ReplayResult {
  readonly histories: number;
  readonly seconds: number;
}

export async function replayMany({ client }: Stage, sagaIds: readonly string[]): Promise<ReplayResult> {
  const histories: { workflowId: string; history: unknown }[] = [];
  await inParallel(10, sagaIds, async (workflowId) => {
    histories.push({ workflowId, history: await client.workflow.getHandle(workflowId).fetchHistory() });
  });
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  const codePath = path.join(import.meta.dirname, '..', '..', 'dist', 'workflow-bundle.js');
  const workflowBundle = { code: readFileSync(codePath, 'utf8') };
  const started = performance.now();
  let replayed = 0;
  for await (const { error, workflowId } of Worker.runReplayHistories({ workflowBundle }, histories)) {
    if (error) throw new Error(`${workflowId} does not replay`, { cause: error });
    replayed += 1;
  }
  if (replayed !== sagaIds.length) throw new Error(`${replayed} of ${sagaIds.length} were replayed`);
  return { histories: replayed, seconds: (performance.now() - started) / 1000 };
}
