/**
 * The refusals of each program before it starts, opens or migrates anything. `npm start` refuses everything that one
 * of its parts would. A check looks at the configuration alone and asks no server, so that the sentence comes at
 * once.
 */
import { requireAuth } from './auth.js';
import type { Config } from './config.js';
import { requireBrokerAuthentication } from './kafka.js';
import { hasSinks } from './has-sinks.js';
import { StartError } from '../platform/start-error.js';
import { temporalTarget } from '../platform/temporal/target.js';

export type Program = 'api' | 'worker' | 'relay' | 'services';

/** @throws StartError */
type Check = (config: Config) => void;

const requireTemporalTarget: Check = ({ temporalPort }) => void temporalTarget(temporalPort);

const requireSinks: Check = (config) => {
  if (hasSinks(config)) return;
  throw new StartError('No sink is configured: set REDIS_URL, MONGODB_URL, KAFKA_BROKERS or KURRENTDB_URL.');
};

/** To add a refusal, add a check to each program that it concerns. */
const CHECKS: Readonly<Record<Program, readonly Check[]>> = {
  api: [requireAuth, requireTemporalTarget],
  worker: [requireTemporalTarget],
  relay: [requireSinks, requireBrokerAuthentication, requireTemporalTarget],
  services: [],
};

/** @throws StartError with the first reason not to start */
export function requireStartable(programs: readonly Program[], config: Config): void {
  for (const check of new Set(programs.flatMap((program) => CHECKS[program]))) check(config);
}

/** The programs that `npm start` starts. */
export const programsOf = (config: Config): Program[] => [
  'api',
  'worker',
  ...(config.startServices ? (['services'] as const) : []),
  ...(hasSinks(config) ? (['relay'] as const) : []),
];
