import type { Config } from './config.js';

/** Whether the relay has anything to do. */
export const hasSinks = ({ redisUrl, mongodbUrl, kafkaBrokers, kurrentdbUrl }: Config): boolean =>
  [redisUrl, mongodbUrl, kafkaBrokers, kurrentdbUrl].some((each) => each !== undefined);
