/**
 * The refusals of each program before it starts, opens or migrates anything. `npm start` refuses everything that one
 * of its parts would. A check looks at the configuration alone and asks no server, so that the sentence comes at
 * once.
 */
import type { Config } from './config.js';
import type { Program } from './settings/variable.js';
import { StartError } from '../platform/start-error.js';
import { temporalTarget } from '../platform/temporal/target.js';
import { REMEDY } from './auth.js';

/** True if the relay has work. */
export const hasSinks = ({ redisUrl, mongodbUrl, kafka, kurrentdbUrl, webhooks }: Config): boolean =>
  [redisUrl, mongodbUrl, kafka, kurrentdbUrl, webhooks].some((each) => each !== undefined);

/** @throws StartError */
type Check = (config: Config) => void;

/** For the API alone, because the other processes take no requests from outside. */
export function requireAuth({ environment, auth }: Config): void {
  if (environment !== 'production' || auth) return;
  throw new StartError(`NODE_ENV=production, and the API does not know its callers: ${REMEDY}.`);
}

/**
 * For the relay. In production commands are read only from a broker to which we authenticate, because it then demands
 * the same of every other client. Signatures are no substitute: they name the sender of a command, but they do not
 * keep anyone from reading the topic, which holds addresses, or from flooding it.
 *
 * @throws StartError if the broker asks for no authentication and `KAFKA_COMMANDS` does not waive it
 */
function requireBrokerAuthentication({ environment, kafka }: Config): void {
  if (environment !== 'production' || !kafka?.commands || kafka.commands.isWaived) return;
  const provesItself = kafka.sasl !== undefined || kafka.ssl?.cert !== undefined;
  if (provesItself) return;
  const unsigned = 'anybody who reaches Kafka could send commands';
  const signed = 'KAFKA_COMMAND_KEYS says who may command what, and does not replace the authentication of the broker';
  throw new StartError(
    `NODE_ENV=production, and ${kafka.commands.keys ? signed : unsigned}: set KAFKA_SASL_MECHANISM, KAFKA_USERNAME and ` +
      'KAFKA_PASSWORD, or KAFKA_SSL with KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE, or KAFKA_COMMANDS=off; ' +
      'KAFKA_COMMANDS=unauthenticated waives this.',
  );
}

const requireTemporalTarget: Check = ({ temporalPort }) => void temporalTarget(temporalPort);

const requireSinks: Check = (config) => {
  if (hasSinks(config)) return;
  throw new StartError(
    'No sink is configured: set REDIS_URL, MONGODB_URL, KAFKA_BROKERS or KURRENTDB_URL, or WEBHOOKS=on.',
  );
};

/** To add a refusal, add a check to each program that it concerns. */
const CHECKS: Readonly<Record<Program, readonly Check[]>> = {
  api: [requireAuth, requireTemporalTarget],
  worker: [requireTemporalTarget],
  relay: [requireSinks, requireBrokerAuthentication, requireTemporalTarget],
  background: [requireTemporalTarget],
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
  'background',
  ...(config.startServices ? (['services'] as const) : []),
  ...(hasSinks(config) ? (['relay'] as const) : []),
];
