import type { Pool, QueryResultRow } from 'pg';
import { orUnavailable } from './unavailable.js';

/** Runs one statement; throws `OrdersUnavailableError` while PostgreSQL is away. */
export type Query = <Row extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** Statements on a pool; each throws `OrdersUnavailableError` while PostgreSQL is away. */
export const queryOn =
  (pool: Pool): Query =>
  (text, values = []) =>
    orUnavailable(async () => (await pool.query(text, [...values])).rows);
