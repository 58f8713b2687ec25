import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from '@temporalio/worker';
import * as workflows from '../../src/workflows/index.js';
import { PATHS } from '../recording/paths.js';
import { quietRuntime, workflowBundle } from '../support/temporal.js';

quietRuntime();

const folder = path.join(import.meta.dirname, '..', 'histories');
const histories = readdirSync(folder).filter((file) => file.endsWith('.json'));

const read = (file: string): string => readFileSync(path.join(folder, file), 'utf8');
const startedOf = (text: string) => JSON.parse(text).events[0].workflowExecutionStartedEventAttributes;
const typeOf = (file: string): string => startedOf(read(file)).workflowType.name;

/** Under the workflow's own id: a saga is refused under any other (rule 19). */
const replay = async (text: string): Promise<void> => {
  const { workflowId } = startedOf(text);
  await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, JSON.parse(text), workflowId);
};

describe('committed histories (rule 36)', () => {
  it.each(Object.keys(PATHS))('have one for the path %s', (name) => {
    expect(histories.map((file) => file.split('.')[0])).toContain(name);
  });

  it('have one for each workflow type', () => {
    expect([...new Set(histories.map(typeOf))].toSorted()).toEqual(Object.keys(workflows).toSorted());
  });

  it.each(histories)('%s replays on the workflows of today', async (file) => {
    await expect(replay(read(file))).resolves.toBeUndefined();
  });

  it('carry the journal, and hold no failed workflow task but the one that a reset writes', () => {
    const causes = /WORKFLOW_TASK_FAILED_CAUSE_(?!RESET_WORKFLOW)\w+/;
    for (const file of histories) {
      expect(read(file)).toContain('saga-journal');
      expect(read(file)).not.toMatch(causes);
      if (!file.startsWith('reset-')) expect(read(file)).not.toContain('WORKFLOW_TASK_FAILED');
    }
  });

  it('replay wherever their activities were queued: a queue for each service needs no patch', async () => {
    const text = read('completed.json');
    const queues = /"taskQueue":\s*\{\s*"name":\s*"[^"]*"/g;
    expect(new Set(text.match(queues)).size).toBeGreaterThan(0);
    const elsewhere = text.replaceAll(queues, '"taskQueue": {"name": "elsewhere"');
    await expect(replay(elsewhere)).resolves.toBeUndefined();
  });

  it('would notice a workflow that does its steps in another order', async () => {
    const text = read('completed.json');
    const swap: Readonly<Record<string, string>> = {
      processPayment: 'createShipment',
      createShipment: 'processPayment',
    };
    const reordered = text.replaceAll(/processPayment|createShipment/g, (name) => swap[name] ?? name);
    await expect(replay(reordered)).rejects.toThrow();
  });

  it('do not replay as a workflow with another id (S12, rule 19)', async () => {
    const copied = Worker.runReplayHistory(
      { workflowBundle: await workflowBundle() },
      JSON.parse(read('completed.json')),
    );
    await expect(copied).rejects.toThrow();
  });
});
