// npm run test:replay [-- history.json …]: replays histories (all committed ones without arguments) on today's workflows.
// A history is what `temporal workflow show --output json` or `npm run histories:record` writes.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Runtime, Worker } from '@temporalio/worker';
import { ensureBuilt } from './build.mjs';

ensureBuilt();

const silent = () => undefined;
Runtime.install({ logger: { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent } });

const root = path.join(import.meta.dirname, '..');
const committed = path.join(root, 'test', 'histories');
const named = process.argv.slice(2);
const files =
  named.length > 0
    ? named
    : readdirSync(committed, { recursive: true })
        .filter((name) => name.endsWith('.json'))
        .map((name) => path.join(committed, name));
const options = { workflowBundle: { codePath: path.join(root, 'dist', 'workflow-bundle.js') } };

let failed = 0;
for (const file of files) {
  try {
    const history = JSON.parse(readFileSync(file, 'utf8'));
    // A workflow acts under its own id alone, which the first event names.
    const { workflowId } = history.events[0].workflowExecutionStartedEventAttributes;
    await Worker.runReplayHistory(options, history, workflowId);
    console.log(`replayed  ${path.relative(root, file)}`);
  } catch (error) {
    failed += 1;
    console.error(`FAILED    ${path.relative(root, file)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
console.log(`${files.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 && files.length > 0 ? 0 : 1);
