/** All that a running system leaves behind, as text: where a leaked secret would be found. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { KurrentDBClient } from '@kurrent/kurrentdb-client';
import { createClient } from '@redis/client';
import { Client as Temporal, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { MongoClient } from 'mongodb';
import { Client as Postgres } from 'pg';

/** Source by source. */
export type Haystacks = ReadonlyMap<string, string>;

/** Payloads are base64 in Temporal's JSON: each is looked at as what it holds. */
const withPayloads = (json: string): string =>
  json.replaceAll(/"([A-Za-z0-9+/]{4,}={0,2})"/g, (whole, data: string) =>
    data.length % 4 === 0 ? `${whole} ${Buffer.from(data, 'base64').toString()}` : whole,
  );

export function logsIn(folder: string): Haystacks {
  return new Map(readdirSync(folder).map((name) => [`log ${name}`, readFileSync(path.join(folder, name), 'utf8')]));
}

/** Histories, memos and search attributes of every workflow. */
export async function temporalOf(address: string): Promise<Haystacks> {
  const connection = await Connection.connect({ address });
  try {
    const { workflow } = new Temporal({ connection });
    const found: string[] = [];
    const executions = [];
    for await (const execution of workflow.list()) executions.push(execution);
    for (const { workflowId, runId } of executions) {
      const handle = workflow.getHandle(workflowId, runId);
      const { memo, searchAttributes } = await handle.describe();
      found.push(
        JSON.stringify({ workflowId, memo, searchAttributes }),
        withPayloads(historyToJSON(await handle.fetchHistory())),
      );
    }
    return new Map([['Temporal', found.join('\n')]]);
  } finally {
    await connection.close();
  }
}

/** Every row of every table of a schema. */
export async function tablesOf(url: string, schema: string): Promise<Haystacks> {
  const client = new Postgres({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1',
      [schema],
    );
    const found = new Map<string, string>();
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${schema}.${name} t`);
      found.set(`table ${schema}.${name}`, rows.map(({ row }) => row).join('\n'));
    }
    return found;
  } finally {
    await client.end();
  }
}

export async function redisOf(url: string): Promise<Haystacks> {
  const client = createClient({ url });
  await client.connect();
  try {
    const keys = await client.keys('*');
    const values = await Promise.all(
      keys.map(async (key) => ((await client.type(key)) === 'hash' ? client.hGetAll(key) : client.get(key))),
    );
    return new Map([['Redis', JSON.stringify([keys, values])]]);
  } finally {
    client.destroy();
  }
}

export async function mongoOf(url: string): Promise<Haystacks> {
  const client = await MongoClient.connect(url);
  try {
    const collections = await client.db().collections();
    const documents = await Promise.all(collections.map((collection) => collection.find().toArray()));
    return new Map([['MongoDB', JSON.stringify(documents)]]);
  } finally {
    await client.close();
  }
}

export async function kurrentOf(url: string, sagaIds: readonly string[]): Promise<Haystacks> {
  const client = KurrentDBClient.connectionString(url);
  try {
    const found: string[] = [];
    for (const sagaId of sagaIds) {
      for await (const { event } of client.readStream(`saga-${sagaId}`)) {
        found.push(JSON.stringify([event?.type, event?.data, event?.metadata]));
      }
    }
    return new Map([['KurrentDB', found.join('\n')]]);
  } finally {
    await client.dispose();
  }
}

/** `source: secret` for each secret that stands somewhere, in any case. */
export function leaksIn(haystacks: Haystacks, secrets: ReadonlyMap<string, string>): string[] {
  return [...haystacks].flatMap(([source, text]) => {
    const lower = text.toLowerCase();
    return [...secrets].flatMap(([kind, secret]) =>
      lower.includes(secret.toLowerCase()) ? [`${source}: ${kind}`] : [],
    );
  });
}
