/** Kafka's commands with all that they need: the orders, Temporal, the catalogue. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Pool } from 'pg';
import { watchTemporalClock } from '../platform/temporal/clock.js';
import { actOnCommands } from './act.js';
import { openInbox } from './inbox.js';
import { createExecute, type CommandDeps } from './execute.js';
import { watchOutages } from './outage.js';
import { publishRefusals } from './publish.js';
import { openQueues } from './queues.js';
import { readCommands, type CommandReader } from './consumer.js';
import { openRefusals } from './refusals.js';
import { openReader } from '../journal/read/open-reader.js';
import type { KafkaSettings } from '../platform/kafka/client.js';
import { openOrders } from '../orders/store/orders.js';
import type { CommandKey } from '../caller.js';
import type { ServiceTarget } from '../platform/outbound/service-access.js';
import { TASK_QUEUE, type SagaPolicy } from '../workflows/messages.js';
import { reasonOf } from '../platform/reason.js';
import { temporalTarget } from '../platform/temporal/target.js';

export interface Commands {
  readonly reader: CommandReader;
  /** The outage for which all commands wait. */
  outage(): string | undefined;
  close(): Promise<void>;
}

interface CommandSettings {
  /** Undefined: commands are not signed. */
  readonly keys: readonly CommandKey[] | undefined;
  /** The time for which an undecided command is tried before it rests, in milliseconds. */
  readonly budgetMs: number;
}

interface Needed {
  readonly kafka: KafkaSettings;
  readonly settings: CommandSettings;
  readonly temporalPort: number;
  readonly demoData: boolean;
  readonly backlogLimit: number;
  readonly policy: SagaPolicy;
  readonly services: Readonly<Record<'inventory' | 'payment' | 'shipping', ServiceTarget>>;
  readonly databaseUrl: string;
  readonly journalUrl: string;
  readonly pool: Pool;
  readonly schema: string;
  readonly logger: Logger;
  readonly count: (outcome: string) => void;
  readonly stopping: AbortSignal;
}

/** Waits for the orders' database, if it is away; Temporal may come later. Undefined if it is stopped before that. */
export async function openCommands(needed: Needed): Promise<Commands | undefined> {
  const { databaseUrl, journalUrl, demoData, services, logger, stopping } = needed;
  const onConnectionLoss = (err: Error): void => logger.warn({ err }, 'a connection to PostgreSQL is lost');
  const orders = await persistently(stopping, logger, () => openOrders({ databaseUrl, demoData, onConnectionLoss }));
  if (!orders) return undefined;
  const target = temporalTarget(needed.temporalPort);
  const connection = Connection.lazy({ address: target.address, ...target.connection });
  const journal = openReader({ databaseUrl: journalUrl, orders, onConnectionLoss });
  const temporal = new Client({ connection, namespace: target.namespace });
  const clock = watchTemporalClock({ temporal, taskQueue: TASK_QUEUE, logger });
  const deps: CommandDeps = {
    orders,
    journal,
    temporal,
    clock,
    taskQueue: TASK_QUEUE,
    backlogLimit: needed.backlogLimit,
    policy: needed.policy,
    inventory: services.inventory,
    ledgers: services,
    demoData,
    logger,
  };
  const running = run(deps, needed);
  return {
    ...running,
    close: async () => {
      await running.close();
      await clock.stop();
      await Promise.all([orders.close(), journal.close()]);
      await connection.close();
    },
  };
}

type Parts = Pick<Needed, 'kafka' | 'settings' | 'pool' | 'schema' | 'logger' | 'count'>;

/** The three parts: the inbox, the acting on commands, and the publishing of refusals. */
function run(deps: CommandDeps, { kafka, settings, pool, schema, logger, count }: Parts): Commands {
  let outage: string | undefined;
  const acting = actOnCommands({
    queues: openQueues(pool, schema),
    execute: createExecute(deps),
    outages: watchOutages(deps, pool),
    budgetMs: settings.budgetMs,
    onAttempt: (attempt, { queue, id, attempts }, reason, err) => {
      count(attempt);
      const about = { sagaId: queue, commandId: id, attempts, reason };
      if (attempt === 'rests') {
        logger.error(
          { ...about, err },
          `a command of ${queue} is not decided within its budget: release, skip or drop it`,
        );
      } else if (attempt === 'parked') {
        const level = attempts === 1 ? 'warn' : 'debug';
        logger[level](about, `a command of ${queue} cannot be decided and is parked: ${reason ?? 'unknown'}`);
      }
    },
    onGivenUp: (queues) =>
      logger.error({ queues }, 'commands that ended this process rest: release, skip or drop them'),
    onTrouble: (err) => logger.warn({ err }, 'what became of a command cannot be stored, and is stored later'),
    onOutage: (away) => {
      if (away !== undefined && outage === undefined) logger.warn({ reason: away }, `commands wait: ${away}`);
      if (away === undefined && outage !== undefined) logger.info('commands are acted on again');
      outage = away;
    },
  });
  const reader = readCommands({
    kafka,
    inbox: openInbox(pool, schema),
    keys: settings.keys,
    onChange: (state, reason) => {
      if (state === 'away') logger.warn({ reason }, `saga-commands is not read: ${reason ?? 'unknown'}`);
      else logger.info('saga-commands is read');
    },
    onTakenIn: (taken) => {
      for (const each of taken) if (each !== 'queued') count(each);
      acting.wake();
    },
  });
  const publishing = publishRefusals({
    kafka,
    refusals: openRefusals(pool, schema),
    onTrouble: (commandId, reason) => logger.warn({ commandId, reason }, `a refusal is not published: ${reason}`),
  });
  return {
    reader,
    outage: () => outage,
    close: async () => {
      await reader.stop();
      await acting.stop();
      await publishing.stop();
    },
  };
}

async function persistently<T>(stopping: AbortSignal, logger: Logger, open: () => Promise<T>): Promise<T | undefined> {
  let told = false;
  while (!stopping.aborted) {
    try {
      return await open();
    } catch (error) {
      if (!told) logger.warn({ reason: reasonOf(error) }, "the orders' database is away: commands wait");
      told = true;
      await sleep(1_000, undefined, { signal: stopping }).catch(() => undefined);
    }
  }
  return undefined;
}
