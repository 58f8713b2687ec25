/**
 * The horizon: the transaction below which the journal can be read without skipping an event, and the transaction
 * that holds it back.
 *
 * Events are read in the order of the transactions that confirmed them (`txid`). A transaction that still runs may
 * add an event with its own, older number, so nothing at or above it may be read. `pg_snapshot_xmin` would be such a
 * bound, but it counts the transactions of all databases of the server: one forgotten `BEGIN` elsewhere would stop
 * everything. Here only transactions count that can still write to this journal: the open ones of this database that
 * have a number.
 *
 * The reason why nothing is skipped: `below` is the oldest of these numbers, and at most `xmax` of a snapshot that
 * was taken before they were read. Take any transaction with a lower number that has added an event. Its number was
 * given before that snapshot (all below `xmax` are). If it had still run when the sessions were read, it would have
 * been among them, as a session or, once prepared, as a prepared transaction. Prepared transactions are read last,
 * because such a transaction is entered there before its session lets go of it. So it had ended by then, and every
 * statement that begins afterwards sees its commit. The events must therefore be read by a *later* statement. A
 * transaction that gets its number later gets one above `xmax`. One without a number has written nothing, and one of
 * another database cannot write here.
 */
import type { Pool } from 'pg';

/** An open transaction of this database. */
export interface Holder {
  /** The pid of its session; undefined for a prepared transaction, which has no session. */
  readonly pid: number | undefined;
  /** `application_name`, or the name under which it was prepared. */
  readonly application: string;
  /** Its begin, ISO 8601; undefined if the role may not see it (it is not a member of `pg_read_all_stats`). */
  readonly since: string | undefined;
}

export interface Horizon {
  /** Events of lower transactions are all there for a statement that begins now; decimal. */
  readonly below: string;
  /** The oldest open transaction that can still write here; undefined if there is none. */
  readonly holder: Holder | undefined;
}

interface SessionRow {
  readonly xmax: string;
  readonly xid: string | null;
  readonly pid: number | null;
  readonly application: string | null;
  readonly since: Date | null;
}

/** The statement's own snapshot is taken before the sessions are looked at, and they are looked at once. */
const SESSIONS = `
  SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xmax, a.backend_xid::text AS xid, a.pid,
    a.application_name AS application, a.xact_start AS since
  FROM (SELECT oid FROM pg_database WHERE datname = current_database()) AS here
  LEFT JOIN pg_stat_activity AS a ON a.datid = here.oid AND a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()`;

interface PreparedRow {
  readonly xid: string;
  readonly application: string;
  readonly since: Date;
}

const PREPARED = `
  SELECT transaction::text AS xid, gid AS application, prepared AS since
  FROM pg_prepared_xacts WHERE database = current_database()`;

/** Not within a transaction that has a number itself. Two statements; read events with a third. */
export async function readHorizon(db: Pick<Pool, 'query'>): Promise<Horizon> {
  const { rows: sessions } = await db.query<SessionRow>(SESSIONS);
  const { rows: prepared } = await db.query<PreparedRow>(PREPARED);
  const xmax = BigInt(sessions[0]?.xmax ?? 0);
  const open = [...sessions, ...prepared.map((row) => ({ ...row, pid: null }))].flatMap(({ xid, ...holder }) =>
    xid === null ? [] : [{ ...holder, txid: fullNumber(BigInt(xid), xmax) }],
  );
  const oldest = open.reduce<(typeof open)[number] | undefined>(
    (first, each) => (first === undefined || each.txid < first.txid ? each : first),
    undefined,
  );
  if (oldest === undefined || oldest.txid >= xmax) return { below: String(xmax), holder: undefined };
  const { pid, application, since } = oldest;
  return {
    below: String(oldest.txid),
    holder: { pid: pid ?? undefined, application: application ?? '', since: since?.toISOString() },
  };
}

const EPOCH = 2n ** 32n;

/** The views show the lower 32 bits: of open transactions all are within 2^31 of one another. */
export function fullNumber(xid: bigint, near: bigint): bigint {
  const candidate = near - (near % EPOCH) + xid;
  if (candidate - near > EPOCH / 2n) return candidate - EPOCH;
  return near - candidate > EPOCH / 2n ? candidate + EPOCH : candidate;
}
