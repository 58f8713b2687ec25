/** The relay process: it feeds the configured sinks from the journal, and reads Kafka's commands. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { JOURNAL_SCHEMA, journalPool } from '../journal/write/journal.js';
import { startRelay, type Relay } from '../relay/relay.js';
import type { Sink } from '../relay/sinks/sink.js';
import { openCommands, type Commands } from '../commands/open.js';
import { findDatabase } from '../config/find-database.js';
import { listen } from '../platform/listen.js';
import { metricsApp } from '../relay/metrics.js';
import { sinkMetrics } from '../relay/sink-metrics.js';
import { commandMetrics } from '../commands/metrics.js';
import { runProcess } from '../config/run-process.js';
import type { WebhookConfig } from '../config/webhooks.js';
import { startWebhookSender, type Sender } from '../relay/webhook-sender.js';
import { webhookMetrics } from '../relay/webhook-metrics.js';
import { configuredSinks } from '../relay/sinks/configured.js';

/** The time for the first answer of the sinks. A sink that is away is logged, and the relay goes on waiting for it. */
const FIRST_ANSWER = 6_000;

const schema = JOURNAL_SCHEMA;

await runProcess('relay', 'relay', async ({ config, logger }) => {
  const databaseUrl = await findDatabase(config);
  const journalUrl = config.journalDatabaseUrl ?? databaseUrl;
  const sinks = await configuredSinks(config, { databaseUrl: journalUrl, schema });
  const pool = journalPool({ databaseUrl: journalUrl, poolSize: 4, onConnectionLoss: () => undefined });
  const stopping = new AbortController();
  const relays = sinks.map((sink) => relayOf(sink, journalUrl, logger));
  const attempts = new Map<string, number>();
  const sender = config.webhooks && senderOf(config.webhooks, journalUrl, logger, attempts);
  const outcomes = new Map<string, number>();
  const count = (outcome: string): void => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  let commands: Commands | undefined;
  const opening =
    config.kafka?.commands &&
    openCommands({
      ...config,
      kafka: config.kafka,
      settings: config.kafka.commands,
      databaseUrl,
      journalUrl,
      pool,
      schema,
      logger,
      count,
      stopping: stopping.signal,
    });
  const opened = opening?.then((open) => (commands = open));
  const metrics = metricsApp(
    () => sinkMetrics({ pool, schema, relays }),
    () => commandMetrics({ pool, schema, commands, outcomes }),
    async () => (sender ? webhookMetrics(pool, schema, attempts) : []),
  );
  const server = await listen(metrics, 'RELAY_METRICS_PORT', config.relayMetricsPort, config.listenHost);
  await Promise.race([Promise.all(relays.map(({ begun }) => begun)), sleep(FIRST_ANSWER, undefined, { ref: false })]);
  const where = relays.map(({ sink, state }) => `${sink.name} ${sink.where}${state() === 'away' ? ' (away)' : ''}`);
  return {
    where: `${where.join(', ')}, metrics ${server.url}/metrics`,
    ...(opened && { failure: opened.then(() => new Promise<never>(() => undefined)) }),
    stop: async () => {
      stopping.abort();
      await opened;
      await Promise.all([commands?.close(), sender?.stop(), ...relays.map((relay) => relay.stop())]);
      await server.close();
      await pool.end();
    },
  };
});

/** @param attempts counts the attempts by their end */
function senderOf(
  { rules, within }: WebhookConfig,
  databaseUrl: string,
  logger: Logger,
  attempts: Map<string, number>,
): Sender {
  return startWebhookSender({
    databaseUrl,
    schema,
    rules,
    within,
    onChange: (state, reason) => {
      if (state === 'away') logger.warn({ reason }, `webhooks are not sent: ${reason ?? 'unknown'}; they wait`);
      else logger.info('webhooks are sent');
    },
    onSettled: ({ endpointId, messageId, attempt }, { kind, status, error }) => {
      attempts.set(kind, (attempts.get(kind) ?? 0) + 1);
      if (kind === 'delivered') return;
      const about = { webhookId: endpointId, messageId, attempt, status, reason: error };
      if (kind === 'ended') logger.warn(about, `the webhook ${endpointId} answers 410: it gets no more messages`);
      else logger.info(about, `an attempt at the webhook ${endpointId} failed: ${status ?? error}`);
    },
  });
}

function relayOf(sink: Sink, databaseUrl: string, logger: Logger): Relay {
  return startRelay({
    databaseUrl,
    schema,
    sink,
    onChange: (state, reason) => {
      const about = { sink: sink.name, ...(reason !== undefined && { reason }) };
      if (state === 'away') logger.warn(about, `${sink.name} is not fed: ${reason ?? 'unknown'}; its events wait`);
      else logger.info(about, state === 'waiting' ? 'another relay feeds this sink' : 'the sink is fed');
    },
    onHeld: (held) => {
      if (!held) {
        logger.info({ sink: sink.name }, `the outbox of ${sink.name} is no longer held up`);
        return;
      }
      const { pid, application, since } = held.holder;
      const who = pid === undefined ? `the prepared transaction ${application}` : `session ${pid} (${application})`;
      const seconds = Math.round(held.ms / 1000);
      const sentence = `${who} has had a transaction open ${since === undefined ? `for ${seconds} s at least` : `since ${since}`}`;
      logger.warn(
        { sink: sink.name, pid, application, since, seconds },
        `${sentence}: it may still write to the journal, and ${sink.name} gets nothing until it ends`,
      );
    },
    onRejection: ({ event, reason }, attempts) => {
      const about = { sink: sink.name, sagaId: event.sagaId, eventId: event.id, attempts, reason };
      logger.warn(about, `${sink.name} rejects an event of ${event.sagaId}: ${reason}`);
    },
  });
}
