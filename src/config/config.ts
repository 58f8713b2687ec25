/** The configuration: the environment, validated as a whole before anything starts. */
import path from 'node:path';
import type { ServiceAccess, TlsFiles } from '../platform/outbound/service-access.js';
import type { SagaPolicy } from '../workflows/messages.js';
import { servicesOf, storeTlsOf, warningsOfAccess } from './access.js';
import { authOf } from './auth.js';
import { kafkaOf, type KafkaConfig } from './kafka.js';
import { hostsOf } from './browsers.js';
import { localAddress } from '../platform/local-address.js';
import { misspeltNames } from './misspelt.js';
import {
  hasOwnQueue,
  SERVICE_NAMES,
  type ServiceLimit,
  type ServiceLimits,
  type ServiceName,
  type WorkerQueue,
} from './service-limits.js';
import { StartError } from '../platform/start-error.js';
import { bearingOf, everyVariable, type Settings, schema } from './variables.js';
import { webhooksOf, type WebhookConfig } from './webhooks.js';
import type { AuthOptions } from '../caller.js';

/** A port of 0 stands for a free one. */
export interface Config {
  readonly environment: Settings['NODE_ENV'];
  readonly logLevel: string;
  readonly listenHost: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Megabytes that must be free there to accept orders, if an embedded server keeps its data there. */
  readonly leastFreeMb: number;
  /** Undefined: the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined;
  /** The journal's database; undefined: that of the orders. */
  readonly journalDatabaseUrl: string | undefined;
  /** Milliseconds that another process may hold the lock for migrating a schema. */
  readonly migrationWaitMs: number;
  readonly apiPort: number;
  readonly servicePorts: Readonly<Record<ServiceName, number>>;
  readonly postgresPort: number;
  readonly temporalPort: number;
  readonly temporalUiPort: number;
  readonly metricsPort: number;
  readonly relayMetricsPort: number;
  readonly backgroundMetricsPort: number;
  readonly workerHealthPort: number;
  /** The sinks of the journal; undefined: switched off. */
  readonly redisUrl: string | undefined;
  readonly redisTls: TlsFiles | undefined;
  readonly mongodbUrl: string | undefined;
  readonly mongodbCaFile: string | undefined;
  /** Commands are read from the same brokers. */
  readonly kafka: KafkaConfig | undefined;
  readonly kurrentdbUrl: string | undefined;
  /** Undefined: no webhooks are sent. */
  readonly webhooks: WebhookConfig | undefined;
  /**
   * The addresses that the worker and the API call, with the credentials; by default those of the bundled services. The bundled services accept only calls with these tokens.
   */
  readonly services: Readonly<Record<ServiceName, ServiceAccess>>;
  /** The most that the worker asks of each service. */
  readonly serviceLimits: ServiceLimits;
  /** The queues of a worker; undefined: all. */
  readonly workerQueues: readonly WorkerQueue[] | undefined;
  /** Orders that may wait for a worker before the API refuses new ones. */
  readonly backlogLimit: number;
  readonly startServices: boolean;
  readonly faultInjection: boolean;
  readonly demoData: boolean;
  readonly policy: SagaPolicy;
  /** Undefined: every caller may do everything, which production refuses. */
  readonly auth: AuthOptions | undefined;
  /** The limit of one caller; undefined for any number. */
  readonly requestsPerMinute: number | undefined;
  /** Host names under which the API and the services may be called; undefined for any. */
  readonly hosts: readonly string[] | undefined;
  /** Origins whose pages may call the API. */
  readonly corsOrigins: readonly string[];
  /** How long an idle connection is kept, in milliseconds. */
  readonly keepAlive: number;
  /** Milliseconds for which the API takes requests after the signal to stop. */
  readonly drainMs: number;
  /** Event streams that one caller may have open at each API process. */
  readonly streamsPerCaller: number;
  /** Milliseconds without progress after which a saga counts as stuck. */
  readonly stuckAfter: number;
  /** Odd settings that are no reason not to start; one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * A longer value cannot be a number or a word. It may be anything, such as a key that was pasted into the wrong line.
 */
const SHOWN = /^[\w .:+-]{1,10}$/;

/** A sentence for a wrong variable. Its value is shown only if it cannot be a secret. */
function wrong(name: string, value: string, requirement: string): string {
  const shown = bearingOf(name) === 'nothing' && SHOWN.test(value);
  return shown ? `${name} is "${value}", but must be ${requirement}.` : `${name} must be ${requirement}.`;
}

function parse(env: NodeJS.ProcessEnv): Settings {
  // An empty variable counts as not set, because compose files pass `NAME=` for variables that they leave out.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const sentences = result.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    return wrong(name, given[name] ?? '', issue.message);
  });
  throw new StartError([...new Set(sentences)].join('\n'));
}

/** Less than the patience of `runProcess` with a process that stops. */
const LONGEST_DRAIN = 20_000;

function requireSense(settings: Settings, env: NodeJS.ProcessEnv): void {
  const production = settings.NODE_ENV === 'production';
  if (production && settings.FAULT_INJECTION === true) {
    throw new StartError('FAULT_INJECTION is on, which NODE_ENV=production refuses: set it to off, or leave it out.');
  }
  if (production && settings.DEMO_DATA === true) {
    throw new StartError('DEMO_DATA is on, which NODE_ENV=production refuses: set it to off, or leave it out.');
  }
  if (settings.SAGA_ATTEMPT_TIMEOUT > settings.SAGA_STEP_TIMEOUT) {
    const [attempt, step] = [env['SAGA_ATTEMPT_TIMEOUT'] || '10s', env['SAGA_STEP_TIMEOUT'] || '5m'];
    throw new StartError(
      `SAGA_ATTEMPT_TIMEOUT (${attempt}) is longer than SAGA_STEP_TIMEOUT (${step}), which covers all attempts: set it to less.`,
    );
  }
  for (const name of ['SAGA_RETRIABLE_BUDGET', 'SAGA_COMPENSATION_BUDGET', 'SAGA_DEADLINE'] as const) {
    if (settings[name] < settings.SAGA_ATTEMPT_TIMEOUT) {
      throw new StartError(`${name} is shorter than one attempt, SAGA_ATTEMPT_TIMEOUT: set it to more.`);
    }
  }
  if (settings.API_DRAIN_TIME > LONGEST_DRAIN) {
    throw new StartError('API_DRAIN_TIME is longer than 20s: a process that stops is ended after 25s.');
  }
  requireQueues(settings);
  const ports = new Map<number, string>();
  for (const [name, value] of Object.entries(settings)) {
    if (!name.endsWith('_PORT') || typeof value !== 'number' || value === 0) continue;
    const twin = ports.get(value);
    if (twin !== undefined) {
      throw new StartError(`${twin} and ${name} are both ${value}: set one of them to another port.`);
    }
    ports.set(value, name);
  }
}

/** Refuses a queue into which no order puts its calls, because its worker would do nothing. */
function requireQueues(settings: Settings): void {
  const own: readonly WorkerQueue[] = ownQueuesOf(limitsOf(settings));
  const shared = settings.WORKER_QUEUES?.find((name) => name !== 'orders' && !own.includes(name));
  if (shared === undefined) return;
  const upper = shared.toUpperCase();
  throw new StartError(
    `WORKER_QUEUES names ${shared}, which has no queue of its own: set ${upper}_QUEUE=own (or ${upper}_RATE), for the API and all workers alike.`,
  );
}

function policyOf(settings: Settings): SagaPolicy {
  const ownQueues = ownQueuesOf(limitsOf(settings));
  return {
    attemptTimeout: settings.SAGA_ATTEMPT_TIMEOUT,
    stepTimeout: settings.SAGA_STEP_TIMEOUT,
    retriableBudget: settings.SAGA_RETRIABLE_BUDGET,
    compensationBudget: settings.SAGA_COMPENSATION_BUDGET,
    deadline: settings.SAGA_DEADLINE,
    journal: settings.SAGA_JOURNAL ?? true,
    ...(ownQueues.length > 0 && { ownQueues }),
    ...(settings.SAGA_APPROVAL_ABOVE === undefined
      ? {}
      : { approvalAbove: settings.SAGA_APPROVAL_ABOVE, approvalTimeout: settings.SAGA_APPROVAL_TIMEOUT }),
  };
}

/** Everything that follows the journal. */
const followersOf = (settings: Settings) => ({
  redisUrl: settings.REDIS_URL,
  ...storeTlsOf(settings),
  mongodbUrl: settings.MONGODB_URL,
  kafka: kafkaOf(settings),
  kurrentdbUrl: settings.KURRENTDB_URL,
  webhooks: webhooksOf(settings),
});

/** Services whose calls wait in a queue of their own. */
const ownQueuesOf = (limits: ServiceLimits): ServiceName[] =>
  SERVICE_NAMES.filter((service) => hasOwnQueue(limits[service]));

/** A rate holds for all workers together, a concurrency for each. */
function limitsOf(settings: Settings): ServiceLimits {
  const of = (name: Uppercase<ServiceName>): ServiceLimit => ({
    concurrency: settings[`${name}_CONCURRENCY`],
    rate: settings[`${name}_RATE`],
    ...(settings[`${name}_QUEUE`] === 'own' && { queue: 'own' as const }),
  });
  return {
    payment: of('PAYMENT'),
    inventory: of('INVENTORY'),
    shipping: of('SHIPPING'),
    notification: of('NOTIFICATION'),
  };
}

/** A password of its own is taken as it is; in a URL it would have to be percent-encoded. That of the URL comes first. */
function withPassword(url: string | undefined, password: string | undefined): string | undefined {
  if (password === undefined) return url;
  if (url === undefined) {
    throw new StartError('DATABASE_PASSWORD is set without DATABASE_URL: set both, or none for the embedded server.');
  }
  const whole = new URL(url);
  if (whole.password !== '') return url;
  whole.password = encodeURIComponent(password);
  return whole.href;
}

const servicePortsOf = (settings: Settings): Config['servicePorts'] => ({
  payment: settings.PAYMENT_PORT,
  inventory: settings.INVENTORY_PORT,
  shipping: settings.SHIPPING_PORT,
  notification: settings.NOTIFICATION_PORT,
});

/** By default the bundled services. */
function serviceUrlsOf(settings: Settings, ports: Config['servicePorts']): Readonly<Record<ServiceName, string>> {
  const bundled = (name: ServiceName): string => `http://${localAddress(settings.LISTEN_HOST, ports[name])}`;
  return {
    payment: settings.PAYMENT_URL ?? bundled('payment'),
    inventory: settings.INVENTORY_URL ?? bundled('inventory'),
    shipping: settings.SHIPPING_URL ?? bundled('shipping'),
    notification: settings.NOTIFICATION_URL ?? bundled('notification'),
  };
}

/**
 * Loads the configuration.
 * @throws StartError with a sentence for each variable that is wrong
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const settings = parse(env);
  requireSense(settings, env);
  const production = settings.NODE_ENV === 'production';
  const standardLimit = production ? 600 : undefined;
  const servicePorts = servicePortsOf(settings);
  const services = servicesOf(settings, serviceUrlsOf(settings, servicePorts));
  return {
    environment: settings.NODE_ENV,
    logLevel: settings.LOG_LEVEL,
    listenHost: settings.LISTEN_HOST,
    dataDir: path.resolve(settings.DATA_DIR),
    leastFreeMb: settings.DATA_DIR_MIN_FREE_MB,
    databaseUrl: withPassword(settings.DATABASE_URL, settings.DATABASE_PASSWORD),
    journalDatabaseUrl: settings.JOURNAL_DATABASE_URL,
    migrationWaitMs: settings.MIGRATION_LOCK_WAIT,
    apiPort: settings.API_PORT,
    servicePorts,
    postgresPort: settings.PG_PORT,
    temporalPort: settings.TEMPORAL_PORT,
    temporalUiPort: settings.TEMPORAL_UI_PORT,
    metricsPort: settings.METRICS_PORT,
    relayMetricsPort: settings.RELAY_METRICS_PORT,
    backgroundMetricsPort: settings.BACKGROUND_METRICS_PORT,
    workerHealthPort: settings.WORKER_HEALTH_PORT,
    ...followersOf(settings),
    services,
    serviceLimits: limitsOf(settings),
    workerQueues: settings.WORKER_QUEUES,
    backlogLimit: settings.SAGA_BACKLOG_LIMIT,
    startServices: settings.START_SERVICES ?? true,
    faultInjection: settings.FAULT_INJECTION ?? !production,
    demoData: settings.DEMO_DATA ?? !production,
    policy: policyOf(settings),
    auth: authOf(settings),
    hosts: hostsOf(settings.LISTEN_HOST, settings.ALLOWED_HOSTS),
    corsOrigins: settings.API_CORS_ORIGINS ?? [],
    requestsPerMinute: settings.API_RATE_LIMIT ? settings.API_RATE_LIMIT.limit : standardLimit,
    keepAlive: settings.API_KEEP_ALIVE,
    drainMs: settings.API_DRAIN_TIME,
    streamsPerCaller: settings.API_STREAMS_PER_CALLER,
    stuckAfter: settings.SAGA_STUCK_AFTER,
    warnings: [...misspeltNames(env, Object.keys(everyVariable)), ...warningsOfAccess(production, services)],
  };
}
