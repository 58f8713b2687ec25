/** What is found once the run is over: the API's word, Temporal's, the ledgers, and the oracle's. */
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { sagaVerdicts } from '../../src/oracle/verdicts-in-temporal.js';
import { verifyJournal } from '../../src/journal/audit/verify.js';
import { sagaIdOf } from '../../src/order.js';
import { auditBooks } from '../../src/oracle/audit.js';
import { ORDER_FULFILLMENT } from '../../src/workflows/messages.js';
import { eventually } from '../support/eventually.js';
import type { Findings, LedgerFound, OrderRecord, SagaFound } from './records.js';
import type { ServiceUrls } from './saboteur.js';

const ANSWER_WITHIN_MS = 10_000;
const INDEXED_WITHIN_MS = 15_000;
const LANES = 8;

export interface Addresses {
  readonly api: string;
  readonly services: ServiceUrls;
  readonly temporal: string;
  readonly databaseUrl: string;
}

const saga = z.object({
  state: z.string(),
  reason: z.string().nullable().default(null),
  blockedOn: z.string().nullable().default(null),
  deadLetters: z.array(z.string()).default([]),
});

/** Undefined while the API cannot say how the saga stands now: what the orders table says may be old. */
export async function readSaga(api: string, orderId: string): Promise<SagaFound | undefined> {
  const url = `${api}/api/sagas/${sagaIdOf(orderId)}/status`;
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).catch(() => undefined);
  return response?.status === 200 ? saga.parse(await response.json()) : undefined;
}

const row = z.object({ status: z.string(), code: z.string().optional() });

async function readLedger(services: ServiceUrls, orderId: string): Promise<LedgerFound> {
  const read = async (url: string) => {
    const response = await fetch(`${url}/${sagaIdOf(orderId)}`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return row.parse(await response.json());
  };
  const [inventory, payment, shipping] = await Promise.all([
    read(`${services.inventory}/api/reservations`),
    read(`${services.payment}/api/payments`),
    read(`${services.shipping}/api/shipments`),
  ]);
  return { inventory, payment, shipping };
}

/** A few at a time; what has no answer is left out. */
export async function forEachOrder<T>(
  records: readonly OrderRecord[],
  read: (orderId: string) => Promise<T | undefined>,
): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  const queue = records.map(({ order }) => order.orderId);
  const lane = async (): Promise<void> => {
    for (let orderId = queue.pop(); orderId !== undefined; orderId = queue.pop()) {
      const answer = await read(orderId);
      if (answer !== undefined) found.set(orderId, answer);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return found;
}

/** Visibility lags by a moment, so it is listed until it has at least as many as there must be. */
async function countWorkflows(client: Client, atLeast: number): Promise<Map<string, number>> {
  const list = async () => {
    const counts = new Map<string, number>();
    const query = `WorkflowType = '${ORDER_FULFILLMENT}' AND ExecutionStatus != 'ContinuedAsNew'`;
    for await (const { workflowId } of client.workflow.list({ query })) {
      counts.set(workflowId, (counts.get(workflowId) ?? 0) + 1);
    }
    return counts;
  };
  const whole = async () => {
    const counts = await list();
    return counts.size >= atLeast && counts;
  };
  return await eventually('the list of workflows', INDEXED_WITHIN_MS, whole).catch(list);
}

export async function gather(
  addresses: Addresses,
  records: readonly OrderRecord[],
  sagas: ReadonlyMap<string, SagaFound>,
): Promise<Findings> {
  const acknowledged = records.filter(({ placing }) => placing === 'acknowledged');
  const connection = await Connection.connect({ address: addresses.temporal });
  try {
    const client = new Client({ connection });
    const workflows = await countWorkflows(client, acknowledged.length);
    const ledgers = await forEachOrder(acknowledged, (orderId) => readLedger(addresses.services, orderId));
    const audit = await auditBooks(addresses.services, sagaVerdicts(client));
    const journal = await verifyJournal({ journal: { databaseUrl: addresses.databaseUrl }, client });
    return {
      sagas,
      ledgers,
      workflows,
      verdicts: new Map(audit.verdicts.map(({ sagaId, state }) => [sagaId, state])),
      journal: journal.differences,
      differences: audit.differences.map(({ kind, sentence }) => `${kind}: ${sentence}`),
    };
  } finally {
    await connection.close();
  }
}
