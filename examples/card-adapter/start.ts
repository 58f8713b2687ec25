/** Starts the fake processor and the adapter before it, and says how to play the participant's contract against them. */
import { once } from 'node:events';
import { Pool } from 'pg';
import { createAdapter } from './adapter.js';
import { createFakeProcessor } from './fake-processor.js';
import { connectProcessor } from './processor.js';

const [ADAPTER_PORT, PROCESSOR_PORT] = [8090, 8091];

const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 20 });
const processor = createFakeProcessor().listen(PROCESSOR_PORT, '127.0.0.1');
await once(processor, 'listening');
const app = await createAdapter(pool, connectProcessor(`http://127.0.0.1:${PROCESSOR_PORT}`));
const adapter = app.listen(ADAPTER_PORT, '127.0.0.1');
await once(adapter, 'listening');
process.stdout.write(`http://127.0.0.1:${ADAPTER_PORT}/api/card-payments\n`);

process.once('SIGINT', () => {
  adapter.close();
  processor.close();
  adapter.closeAllConnections();
  processor.closeAllConnections();
  void pool.end();
});
