/** The tests' PostgreSQL: one server for all, a schema for each test file. */
import { randomBytes } from 'node:crypto';
import { environmentOf } from './environment.js';

export function databaseUrl(): string {
  return environmentOf('TEST_DATABASE_URL');
}

/** A schema name that nobody else uses, such as `payment_3f9c21ab`. */
export function freshSchema(prefix: string): string {
  return `${prefix}_${randomBytes(4).toString('hex')}`;
}
