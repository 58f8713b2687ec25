/** Which sinks are switched on: each by its URL. */
import { kafkaSink } from '../journal/sinks/kafka.js';
import { kurrentSink } from '../journal/sinks/kurrentdb.js';
import { mongoSink } from '../journal/sinks/mongodb.js';
import { redisSink } from '../journal/sinks/redis.js';
import type { Sink } from '../journal/sinks/sink.js';
import type { Config } from './config.js';

/** Connects to nothing yet. */
export function configuredSinks({ redisUrl, mongodbUrl, kafkaBrokers, kurrentdbUrl }: Config): Sink[] {
  return [
    ...(redisUrl === undefined ? [] : [redisSink(redisUrl)]),
    ...(mongodbUrl === undefined ? [] : [mongoSink(mongodbUrl)]),
    ...(kafkaBrokers === undefined ? [] : [kafkaSink(kafkaBrokers)]),
    ...(kurrentdbUrl === undefined ? [] : [kurrentSink(kurrentdbUrl)]),
  ];
}
