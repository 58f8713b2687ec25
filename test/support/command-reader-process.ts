/**
 * A reader of commands as a process of its own, which a test can kill. It says `reading` once it reads.
 *
 *   command-reader-process.ts BROKER DATABASE_URL SCHEMA
 */
import { Pool } from 'pg';
import { openInbox } from '../../src/commands/inbox.js';
import { readCommands } from '../../src/commands/consumer.js';

const [broker = '', databaseUrl = '', schema = ''] = process.argv.slice(2);
const pool = new Pool({ connectionString: databaseUrl, max: 2 });
pool.on('error', () => undefined);

readCommands({
  kafka: { brokers: [broker] },
  inbox: openInbox(pool, schema),
  keys: undefined,
  onChange: (state) => process.send?.(state),
});
process.on('disconnect', () => process.exit());
