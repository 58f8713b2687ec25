/**
 * Finds out if an error is an outage or the trouble of one saga. A saga that cannot be asked (its workflow task keeps
 * failing, its order's row is locked) fails just as it would in an outage, so the failing system is asked about
 * something else.
 */
import { randomUUID } from 'node:crypto';
import proto from '@temporalio/proto';
import { ServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { heardBy, UnansweredError, type Ledger, type Ledgers } from '../orders/order-standing.js';
import { askTemporal, TemporalUnavailableError } from '../platform/temporal/ask.js';
import { JournalUnavailableError } from '../journal/tables/unavailable.js';
import { OrdersUnavailableError } from '../orders/store/unavailable.js';
import { Problem } from '../problems.js';

/** The name of the system that is away, for a log; undefined if none is. */
type Away = string | undefined;

export interface Outage {
  readonly what: string;
  /** True if nothing can be done for any command. Without a worker, for example, orders can still be started. */
  readonly forAll: boolean;
}

export interface Outages {
  /** The outage behind the error that ended an attempt. */
  behind(error: unknown): Promise<Outage | undefined>;
  /** The outage of a system that all commands need. */
  any(): Promise<string | undefined>;
}

interface OutageDeps {
  readonly temporal: Client;
  readonly taskQueue: string;
  readonly orders: { get(orderId: string): Promise<unknown> };
  readonly ledgers?: Ledgers;
}

type Probe = () => Promise<Away>;

const ANSWER_WITHIN_MS = 2_000;
/** A hundred sagas in trouble share one question. */
const BELIEVED_MS = 1_000;
/** Longer than a poll lasts. */
const POLLED_WITHIN_MS = 90_000;

export function watchOutages(deps: OutageDeps, journalPool: Pool): Outages {
  const temporal = cache(() => temporalOutage(deps));
  const workers = cache(() => workersOutage(deps));
  const orders = cache(() =>
    deps.orders.get(`probe-${randomUUID()}`).then(
      () => undefined,
      () => "the orders' database is away",
    ),
  );
  const journal = cache(() =>
    journalPool.query('SELECT 1').then(
      () => undefined,
      () => "the journal's database is away",
    ),
  );
  const ledgers: Readonly<Record<Ledger, Probe>> = {
    inventory: cache(() => ledgerOutage(deps, 'inventory')),
    payment: cache(() => ledgerOutage(deps, 'payment')),
    shipping: cache(() => ledgerOutage(deps, 'shipping')),
  };
  const first = async (probes: readonly Probe[]): Promise<Away> =>
    (await Promise.all(probes.map((probe) => probe()))).find((away) => away !== undefined);
  /** A service that is away prevents only starts of orders. */
  const behindUnanswered = async ({ by }: UnansweredError): Promise<Outage | undefined> => {
    const what = await first(by.includes('journal') ? [journal] : []);
    if (what !== undefined) return { what, forAll: true };
    const service = await first(by.flatMap((witness) => (witness === 'journal' ? [] : [ledgers[witness]])));
    return service === undefined ? undefined : { what: service, forAll: false };
  };
  function neededBy(code: string | undefined, error: unknown): Probe[] {
    if (error instanceof JournalUnavailableError) return [journal];
    if (code === 'NotDecided' || code === 'TemporalUnavailable') return [temporal];
    if (error instanceof TemporalUnavailableError || error instanceof ServiceError) return [temporal];
    if (code === 'OrdersUnavailable' || error instanceof OrdersUnavailableError) return [orders];
    if (code === 'JournalUnavailable') return [journal];
    // An attempt that did not end in time may have waited for any of them.
    return error instanceof AttemptTimedOutError ? [temporal, orders, journal] : [];
  }
  return {
    any: () => first([temporal, orders, journal]),
    behind: async (error) => {
      const code = error instanceof Problem ? error.code : undefined;
      if (code === 'Overloaded') {
        return { what: 'more orders wait already than can be worked off soon', forAll: false };
      }
      const cause = error instanceof Problem ? error.cause : undefined;
      if (cause instanceof UnansweredError) return behindUnanswered(cause);
      const away = await first(neededBy(code, cause instanceof JournalUnavailableError ? cause : error));
      if (away !== undefined) return { what: away, forAll: true };
      const withoutWorker = code === 'NotDecided' ? await workers() : undefined;
      return withoutWorker === undefined ? undefined : { what: withoutWorker, forAll: false };
    },
  };
}

export class AttemptTimedOutError extends Error {
  override readonly name = 'AttemptTimedOutError';
}

function cache(probe: Probe): Probe {
  let asked: { readonly at: number; readonly answer: Promise<Away> } | undefined;
  return () => {
    if (!asked || performance.now() - asked.at > BELIEVED_MS) asked = { at: performance.now(), answer: probe() };
    return asked.answer;
  };
}

/** Asks for a workflow that does not exist. */
async function temporalOutage({ temporal }: OutageDeps): Promise<Away> {
  try {
    const handle = temporal.workflow.getHandle(`probe-${randomUUID()}`);
    await askTemporal(temporal, ANSWER_WITHIN_MS, () => handle.describe());
    return undefined;
  } catch (error) {
    return error instanceof WorkflowNotFoundError ? undefined : 'Temporal is away';
  }
}

async function ledgerOutage({ ledgers = {} }: OutageDeps, ledger: Ledger): Promise<Away> {
  const heard = await heardBy(ledgers, ledger, `order-probe-${randomUUID()}`, { accept: 'application/json' });
  return heard === 'unanswered' ? `the ${ledger} service does not say which order ids it knows` : undefined;
}

async function workersOutage({ temporal, taskQueue }: OutageDeps): Promise<Away> {
  try {
    const { pollers } = await askTemporal(temporal, ANSWER_WITHIN_MS, () =>
      temporal.workflowService.describeTaskQueue({
        namespace: temporal.options.namespace,
        taskQueue: { name: taskQueue },
        taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
      }),
    );
    const isThere = pollers.some(
      ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000 < POLLED_WITHIN_MS,
    );
    return isThere ? undefined : 'no worker asks for work';
  } catch {
    return 'Temporal is away';
  }
}
