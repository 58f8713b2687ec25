/**
 * A sender as a process of its own, which a test can kill: sender-process.ts DATABASE_URL SCHEMA
 */
import { startWebhookSender } from '../../../src/relay/webhook-sender.js';

const [databaseUrl = '', schema = ''] = process.argv.slice(2);

startWebhookSender({
  databaseUrl,
  schema,
  rules: { plainHttp: true, privateAddresses: true },
  within: 2_000,
  pace: { poll: 20, grace: 500 },
});
process.on('disconnect', () => process.exit());
