/** Keys that all processes of the API share, so that each accepts the tickets of the others. */
import { randomBytes } from 'node:crypto';
import type { Query } from './query.js';

/** 32 random bytes, made by the first process that asks. A deleted row is replaced with a new key. */
export async function sharedKey(query: Query, schema: string, name: string): Promise<Uint8Array> {
  await query(`INSERT INTO ${schema}.shared_keys (name, key) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, [
    name,
    randomBytes(32),
  ]);
  const [row] = await query<{ key: Buffer }>(`SELECT key FROM ${schema}.shared_keys WHERE name = $1`, [name]);
  if (!row) throw new Error(`the key ${name} was deleted while it was read`);
  return new Uint8Array(row.key);
}
