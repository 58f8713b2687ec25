/** Which sinks are switched on: each by its URL. Only their clients are loaded: one brings a native module. */
import type { Sink } from '../journal/sinks/sink.js';
import { readTlsFiles } from '../outbound/service-access.js';
import type { Config } from './config.js';

/** Connects to nothing yet. */
export async function configuredSinks(config: Config): Promise<Sink[]> {
  const { redisUrl, redisTls, mongodbUrl, mongodbCaFile, kafka, kurrentdbUrl } = config;
  const sinks: Sink[] = [];
  if (redisUrl !== undefined) {
    const { redisSink } = await import('../journal/sinks/redis.js');
    sinks.push(redisSink(redisUrl, () => readTlsFiles(redisTls ?? {})));
  }
  if (mongodbUrl !== undefined) {
    sinks.push((await import('../journal/sinks/mongodb.js')).mongoSink(mongodbUrl, mongodbCaFile));
  }
  if (kafka !== undefined) sinks.push((await import('../journal/sinks/kafka.js')).kafkaSink(kafka));
  if (kurrentdbUrl !== undefined) {
    sinks.push((await import('../journal/sinks/kurrentdb.js')).kurrentSink(kurrentdbUrl));
  }
  return sinks;
}
