/**
 * The sinks that are switched on, each by its URL. Only their clients are loaded, because one brings a native module.
 */
import type { Sink } from './sink.js';
import { readTlsFiles } from '../../platform/outbound/service-access.js';
import { webhooksSink } from './webhooks.js';
import type { Config } from '../../config/config.js';

/** Opens no connection. @param journal where the queues of the webhooks are */
export async function configuredSinks(
  config: Config,
  journal: { readonly databaseUrl: string; readonly schema: string },
): Promise<Sink[]> {
  const { redisUrl, redisTls, mongodbUrl, mongodbCaFile, kafka, kurrentdbUrl, webhooks } = config;
  const sinks: Sink[] = [];
  if (redisUrl !== undefined) {
    const { redisSink } = await import('./redis.js');
    sinks.push(redisSink(redisUrl, () => readTlsFiles(redisTls ?? {})));
  }
  if (mongodbUrl !== undefined) {
    sinks.push((await import('./mongodb.js')).mongoSink(mongodbUrl, mongodbCaFile));
  }
  if (kafka !== undefined) sinks.push((await import('./kafka.js')).kafkaSink(kafka));
  if (kurrentdbUrl !== undefined) {
    sinks.push((await import('./kurrentdb.js')).kurrentSink(kurrentdbUrl));
  }
  if (webhooks !== undefined) sinks.push(webhooksSink(journal.databaseUrl, journal.schema));
  return sinks;
}
