// npm run histories:record -- NAME=WORKFLOW_ID …: saves histories of the running system for the replay test.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { loadClientConnectConfig } from '@temporalio/envconfig';

const { connectionOptions, namespace } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
const client = new Client({ connection, ...(namespace && { namespace }) });
try {
  for (const argument of process.argv.slice(2)) {
    const [name, workflowId] = argument.split('=');
    const history = await client.workflow.getHandle(workflowId).fetchHistory();
    const file = path.join(import.meta.dirname, '..', 'test', 'histories', `${name}.json`);
    writeFileSync(file, `${historyToJSON(history)}\n`);
    console.log(`${file}: ${history.events.length} events`);
  }
} finally {
  await connection.close();
}
