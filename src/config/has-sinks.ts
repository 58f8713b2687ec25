import type { Config } from './config.js';

/** True if the relay has work. */
export const hasSinks = ({ redisUrl, mongodbUrl, kafka, kurrentdbUrl }: Config): boolean =>
  [redisUrl, mongodbUrl, kafka, kurrentdbUrl].some((each) => each !== undefined);
