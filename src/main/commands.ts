/** Kafka's commands with all that they need: the orders, Temporal, the catalogue. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Pool } from 'pg';
import { openInbox } from '../commands/inbox.js';
import { createObey } from '../commands/obey.js';
import { readCommands, type CommandReader } from '../commands/reader.js';
import { openReader } from '../journal/open-reader.js';
import { openOrders } from '../orders/orders.js';
import { TASK_QUEUE } from '../workflows/messages.js';
import type { Config } from './config.js';
import { reasonOf } from './reason.js';
import { temporalTarget } from './temporal-target.js';

export interface Commands {
  readonly reader: CommandReader;
  close(): Promise<void>;
}

interface Needed {
  readonly config: Config;
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
  readonly journalUrl: string;
  readonly pool: Pool;
  readonly schema: string;
  readonly logger: Logger;
  readonly count: (outcome: string) => void;
  readonly stopping: AbortSignal;
}

/** Waits for the orders' database, if it is away; Temporal may come later. Undefined where it is to stop meanwhile. */
export async function openCommands(needed: Needed): Promise<Commands | undefined> {
  const { config, brokers, databaseUrl, journalUrl, pool, schema, logger, count, stopping } = needed;
  const onConnectionLoss = (err: Error): void => logger.warn({ err }, 'a connection to PostgreSQL is lost');
  const orders = await persistently(stopping, logger, () =>
    openOrders({ databaseUrl, demoData: config.demoData, onConnectionLoss }),
  );
  if (!orders) return undefined;
  const target = temporalTarget(config.temporalPort);
  const connection = Connection.lazy({ address: target.address, ...target.connection });
  const journal = openReader({ databaseUrl: journalUrl, orders, onConnectionLoss });
  const obey = createObey({
    orders,
    journal,
    temporal: new Client({ connection, namespace: target.namespace }),
    taskQueue: TASK_QUEUE,
    backlogLimit: config.backlogLimit,
    policy: config.policy,
    inventoryUrl: config.serviceUrls.inventory,
    demoData: config.demoData,
    logger,
  });
  const reader = readCommands({
    brokers,
    inbox: openInbox(pool, schema),
    obey,
    onChange: (state, reason) => {
      if (state === 'away') logger.warn({ reason }, `Kafka is away: commands wait (${reason ?? 'unknown'})`);
      else logger.info('saga-commands is read');
    },
    onDecision: (outcome, reason) => {
      count(outcome);
      if (outcome === 'undecided') logger.debug({ reason }, 'a command waits');
    },
  });
  return {
    reader,
    close: async () => {
      await reader.stop();
      await Promise.all([orders.close(), journal.close()]);
      await connection.close();
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
