import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from '@temporalio/worker';
import * as workflows from '../../src/workflows/index.js';
import { PATHS } from '../recording/paths.js';
import { quietRuntime, workflowBundle } from '../support/temporal.js';

quietRuntime();

const folder = path.join(import.meta.dirname, '..', 'histories');
const filesIn = (name: string): string[] =>
  readdirSync(path.join(folder, name)).filter((file) => file.endsWith('.json'));
/** What today's code records, and what older code has left running: orders outlive releases. */
const before = (name: string): string[] => filesIn(name).map((file) => `${name}/${file}`);
const today = filesIn('.');
const histories = [...today, ...['before-first-attempts', 'older', 'without-journal'].flatMap(before)];

const read = (file: string): string => readFileSync(path.join(folder, file), 'utf8');
const typeOf = (file: string): string =>
  JSON.parse(read(file)).events[0].workflowExecutionStartedEventAttributes.workflowType.name;

describe('committed histories (rule 36)', () => {
  it.each(Object.keys(PATHS))('have one for the path %s', (name) => {
    expect(today.map((file) => file.split('.')[0])).toContain(name);
  });

  it('have one for each workflow type', () => {
    expect([...new Set(histories.map(typeOf))].toSorted()).toEqual(Object.keys(workflows).toSorted());
  });

  it.each(histories)('%s replays on the workflows of today', async (file) => {
    const history: unknown = JSON.parse(read(file));
    await expect(Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history)).resolves.toBeUndefined();
  });

  it('of older code lack what newer code does, so that its patch is really replayed', () => {
    for (const file of filesIn('older')) {
      expect(read(`older/${file}`)).not.toContain('MARKER_RECORDED');
      expect(read(file)).toContain('MARKER_RECORDED');
    }
  });

  it('attempt each call once first, and from before that they do not', () => {
    const once = '"maximumAttempts": 1';
    for (const file of today) expect(read(file)).toContain(once);
    for (const file of filesIn('before-first-attempts'))
      expect(read(`before-first-attempts/${file}`)).not.toContain(once);
  });

  it('carry the journal, and from before there was one they do not', () => {
    for (const file of filesIn('without-journal')) {
      expect(read(`without-journal/${file}`)).not.toContain('saga-journal');
      expect(read(file)).toContain('saga-journal');
    }
  });

  it('replay wherever their activities were queued: a queue for each service needs no patch', async () => {
    const text = read('completed.json');
    const queues = /"taskQueue":\s*\{\s*"name":\s*"[^"]*"/g;
    expect(new Set(text.match(queues)).size).toBeGreaterThan(0);
    const elsewhere: unknown = JSON.parse(text.replaceAll(queues, '"taskQueue": {"name": "elsewhere"'));
    const replayed = Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, elsewhere);
    await expect(replayed).resolves.toBeUndefined();
  });

  it('would notice a workflow that does its steps in another order', async () => {
    const text = read('completed.json');
    const swap: Readonly<Record<string, string>> = {
      processPayment: 'createShipment',
      createShipment: 'processPayment',
    };
    const reordered = text.replaceAll(/processPayment|createShipment/g, (name) => swap[name] ?? name);
    const history: unknown = JSON.parse(reordered);
    await expect(Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history)).rejects.toThrow();
  });
});
