// npm run histories:record -- NAME=WORKFLOW_ID …: saves histories of the running system for the replay test.
// Temporal's own command writes them: the SDK's historyToJSON does not work with the protobufjs that 1.24 installs.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findTemporal } from '../dist/main/temporal-finder.js';

const folder = path.join(import.meta.dirname, '..', 'test', 'histories');
mkdirSync(folder, { recursive: true });
const { path: temporal } = await findTemporal((sentence) => console.log(sentence));
for (const argument of process.argv.slice(2)) {
  const [name, workflowId] = argument.split('=');
  const show = ['workflow', 'show', '--workflow-id', workflowId, '--output', 'json'];
  const history = execFileSync(temporal, show, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  writeFileSync(path.join(folder, `${name}.json`), history);
  console.log(`${name}: ${JSON.parse(history).events.length} events`);
}
