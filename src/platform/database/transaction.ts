import type { ClientBase, Pool, PoolClient } from 'pg';

/** Runs `work` between BEGIN and COMMIT. An error of it rolls back; `onLost` is called if even that fails. */
export async function inTransactionOn<Client extends ClientBase, T>(
  client: Client,
  work: (client: Client) => Promise<T>,
  onLost: (error: Error) => void = () => undefined,
): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(onLost);
    throw error;
  }
}

/** The same on a connection of the pool; one that cannot roll back is not used again. */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let lost: Error | undefined;
  try {
    return await inTransactionOn(client, work, (error) => (lost = error));
  } finally {
    client.release(lost);
  }
}
