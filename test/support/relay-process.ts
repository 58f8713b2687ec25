/**
 * A relay as a process of its own, which a test can stop (SIGSTOP) and let go on (SIGCONT). Its sink keeps every event that
 * it gets in the table `received` of the journal's schema, in the order in which they come, and rejects `order-poison`.
 *
 *   relay-process.ts DATABASE_URL SCHEMA
 */
import { Pool } from 'pg';
import { startRelay } from '../../src/relay/relay.js';
import type { Sink } from '../../src/relay/sinks/sink.js';

const [databaseUrl = '', schema = ''] = process.argv.slice(2);
const pool = new Pool({ connectionString: databaseUrl, options: `-c search_path=${schema}`, max: 1 });
pool.on('error', () => undefined);

const sink: Sink = {
  name: 'kafka',
  takes: 'events',
  where: 'a table',
  connect: async () => ({
    async deliver(deliveries) {
      const [good, bad] = [false, true].map((is) =>
        deliveries.filter(({ sagaId }) => (sagaId === 'order-poison') === is).flatMap(({ events }) => events),
      );
      await pool.query(
        `INSERT INTO received (saga_id, event_id, by)
         SELECT value->>'sagaId', (value->>'id')::uuid, $2
         FROM jsonb_array_elements($1) WITH ORDINALITY AS event (value, number) ORDER BY number`,
        [JSON.stringify(good), process.pid],
      );
      return (bad ?? []).slice(0, 1).map((event) => ({ event, reason: 'poison' }));
    },
    close: () => Promise.resolve(),
  }),
};

const relay = startRelay({
  databaseUrl,
  schema,
  sink,
  pace: { poll: 20, awayPause: 50, lease: 1_500, checkEvery: 200 },
});
process.on('message', () => {
  process.send?.({ state: relay.state(), leads: relay.leads(), holder: relay.holder });
});
process.on('disconnect', () => process.exit());
