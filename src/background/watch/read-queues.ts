/** What waits beside the sagas: sinks that lag, rejected events, parked commands, dead letters. */
import { escapeIdentifier, type Pool } from 'pg';
import { readHorizon } from '../../journal/read/horizon.js';
import type { Trouble } from './alert-kinds.js';

const MOST = 5_000;
/** A relay is behind by a moment all the time. */
const LAG_MS = 60_000;

interface Row {
  readonly id: string;
  readonly since: Date;
  readonly step?: string | null;
  readonly code?: string | null;
  readonly service?: string | null;
}

/** @throws the driver's error if the journal's database is away */
export async function readQueueTroubles(db: Pick<Pool, 'query'>, schemaName: string): Promise<readonly Trouble[]> {
  const schema = escapeIdentifier(schemaName);
  const read = async (kind: Trouble['kind'], sql: string): Promise<readonly Trouble[]> =>
    (await db.query<Row>(sql)).rows.map(({ id, since, step, code, service }) => ({
      kind,
      id,
      since: since.toISOString(),
      step: step ?? undefined,
      code: code ?? undefined,
      service: service ?? undefined,
    }));
  const lagging = await read(
    'RelayLag',
    `SELECT sink AS id, sink AS service, since FROM (
       SELECT c.sink, (SELECT e.stored_at FROM ${schema}.saga_events AS e
         WHERE e.position IS NOT NULL AND (e.txid, e.position) > (c.txid, c.position)
         ORDER BY e.txid, e.position LIMIT 1) AS since
       FROM ${schema}.sink_cursors AS c) AS behind
     WHERE since < statement_timestamp() - interval '${LAG_MS} ms'`,
  );
  return [
    ...lagging,
    ...(lagging.length > 0 ? await holderOf(db) : []),
    ...(await read(
      'EventRejected',
      `SELECT saga_id AS id, sink AS service, first_at AS since FROM ${schema}.sink_blocks LIMIT ${MOST}`,
    )),
    ...(await read(
      'CommandParked',
      `SELECT queue AS id, reason AS code, parked_at AS since FROM ${schema}.command_queues
       WHERE parked_at IS NOT NULL ORDER BY parked_at, queue LIMIT ${MOST}`,
    )),
    // The other kinds have alerts of their own: a blocked saga, a rejected event, a parked command.
    ...(await read(
      'DeadLetterOpen',
      `SELECT coalesce(saga_id, event_id, id::text) AS id, step, kind AS code, first_at AS since FROM ${schema}.dead_letters
       WHERE resolution IS NULL AND kind IN ('undelivered', 'rejectedCommand') LIMIT ${MOST}`,
    )),
  ];
}

/** The session whose open transaction the relay waits for. */
async function holderOf(db: Pick<Pool, 'query'>): Promise<readonly Trouble[]> {
  const { holder } = await readHorizon(db);
  if (holder?.since === undefined || Date.now() - Date.parse(holder.since) < LAG_MS) return [];
  const { pid, application, since } = holder;
  return [{ kind: 'RelayHeld', id: pid === undefined ? application : `pid ${pid}`, service: application, since }];
}
