import type { Config } from './config.js';

/** Whether the relay has anything to do. */
export const hasSinks = ({ redisUrl, mongodbUrl, kafka, kurrentdbUrl }: Config): boolean =>
  [redisUrl, mongodbUrl, kafka, kurrentdbUrl].some((each) => each !== undefined);
