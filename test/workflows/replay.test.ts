import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from '@temporalio/worker';
import { workflowBundle } from '../support/temporal.js';

const folder = path.join(import.meta.dirname, '..', 'histories');
const histories = readdirSync(folder);

/** The paths of an order; each must have a history, so that no release breaks it unseen (rule 36). */
const PATHS = [
  'completed',
  'refused-inventory',
  'refused-payment',
  'refused-shipping',
  'answer-lost',
  'attempt-cut-off',
];

describe('committed histories (rule 36)', () => {
  it.each(PATHS)('has one for the path %s', (name) => {
    expect(histories).toContain(`${name}.json`);
  });

  it.each(histories)('%s replays on the workflows of today', async (file) => {
    const history: unknown = JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
    await expect(Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history)).resolves.toBeUndefined();
  });

  it('would notice a workflow that does its steps in another order', async () => {
    const text = readFileSync(path.join(folder, 'completed.json'), 'utf8');
    const swap: Readonly<Record<string, string>> = {
      processPayment: 'createShipment',
      createShipment: 'processPayment',
    };
    const reordered = text.replaceAll(/processPayment|createShipment/g, (name) => swap[name] ?? name);
    const history: unknown = JSON.parse(reordered);
    await expect(Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history)).rejects.toThrow();
  });
});
