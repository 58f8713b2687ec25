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
import { TASK_QUEUE } from '../workflows/messages.js';
import type { Config } from '../config/config.js';
import type { CommandSettings } from '../config/kafka.js';
import { reasonOf } from '../platform/reason.js';
import { temporalTarget } from '../platform/temporal/target.js';

export interface Commands {
  readonly reader: CommandReader;
  /** The outage for which all commands wait. */
  outage(): string | undefined;
  close(): Promise<void>;
}

interface Needed {
  readonly config: Config;
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
  const { config, databaseUrl, journalUrl, pool, schema, logger, count, stopping } = needed;
  const { kafka } = config;
  if (!kafka?.commands) return undefined;
  const onConnectionLoss = (err: Error): void => logger.warn({ err }, 'a connection to PostgreSQL is lost');
  const orders = await persistently(stopping, logger, () =>
    openOrders({ databaseUrl, demoData: config.demoData, onConnectionLoss }),
  );
  if (!orders) return undefined;
  const target = temporalTarget(config.temporalPort);
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
    backlogLimit: config.backlogLimit,
    policy: config.policy,
    inventory: config.services.inventory,
    ledgers: config.services,
    demoData: config.demoData,
    logger,
  };
  const running = run(deps, { kafka, settings: kafka.commands, pool, schema, logger, count });
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

interface Parts extends Pick<Needed, 'pool' | 'schema' | 'logger' | 'count'> {
  readonly kafka: KafkaSettings;
  readonly settings: CommandSettings;
}

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
