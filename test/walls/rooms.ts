/**
 * The rooms, and what each may import: the whole truth, which ARCHITECTURE.md's table shows. A room stands below every
 * room that it imports, so that no arrow runs upward but for the one that `types` marks.
 */
export interface Room {
  readonly name: string;
  /** The files of a room begin with it; the longest that fits decides. */
  readonly path: string;
  readonly purpose: string;
  /** Rooms that it may import, values and types. */
  readonly imports: readonly string[];
  /** Rooms of which it may import types only. */
  readonly types?: readonly string[];
  /** Packages that it may import; `node:*` is all of Node's own, `*` any package. */
  readonly packages: readonly string[];
  /** Packages of which it may import types only. */
  readonly packageTypes?: readonly string[];
  /** The reason for an arrow that surprises. */
  readonly because?: string;
}

const VOCABULARY = ['order', 'problems', 'caller'];
const TEMPORAL = ['@temporalio/client', '@temporalio/common', '@temporalio/proto'];
const HTTP = ['express', 'helmet', 'jose', 'pino-http', '@asteasolutions/zod-to-openapi'];
const DATA = ['pg', 'zod'];
const JOURNALED = [...VOCABULARY, 'platform', 'config', 'workflows/messages', 'journal'];
const USE_CASES = [
  ...VOCABULARY,
  'platform',
  'workflows/messages',
  'journal',
  'orders',
  'oracle',
  'steering',
  'background',
];

const vocabulary = (name: string, purpose: string): Room => ({
  name,
  path: `src/${name}.ts`,
  purpose,
  imports: [],
  packages: [],
});

export const ROOMS: readonly Room[] = [
  vocabulary('order', 'orders and money'),
  vocabulary('problems', 'codes of refusals, and Problem'),
  vocabulary('caller', 'who asks, with which roles'),
  {
    name: 'client',
    path: 'src/client/',
    purpose: "the API's typed client, generated",
    imports: [],
    packages: [],
  },
  {
    name: 'saga',
    path: 'src/saga/',
    purpose: 'the library: workflow-safe, free of orders',
    imports: [],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  {
    name: 'saga/testing',
    path: 'src/saga/testing/',
    purpose: 'scripted participants and `failAtEachStep`, for tests of sagas',
    imports: ['saga'],
    packages: [
      ...TEMPORAL,
      ...['activity', 'testing', 'worker', 'workflow'].map((name) => `@temporalio/${name}`),
      'node:*',
    ],
  },
  {
    name: 'workflows/messages',
    path: 'src/workflows/messages.ts',
    purpose: 'names and types of the workflows, for those who call them',
    imports: ['order', 'saga'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  {
    name: 'workflows',
    path: 'src/workflows/',
    purpose: 'the processes: deterministic',
    imports: ['order', 'caller', 'saga', 'workflows/messages'],
    types: ['activities'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  {
    name: 'platform',
    path: 'src/platform/',
    purpose: 'database, Temporal, Kafka, outbound calls, small shared parts',
    imports: ['problems', 'caller'],
    packages: [
      ...TEMPORAL,
      ...DATA,
      ...['api', 'exporter-trace-otlp-http', 'exporter-trace-otlp-proto', 'resources', 'sdk-trace-base'].map(
        (name) => `@opentelemetry/${name}`,
      ),
      '@temporalio/envconfig',
      'kafkajs',
      'node-pg-migrate',
      'node:*',
    ],
    packageTypes: ['@temporalio/worker', 'pino'],
  },
  {
    name: 'services',
    path: 'src/services/',
    purpose: "inventory, payment, shipping, notification: other teams' systems",
    imports: ['platform'],
    packages: [...DATA, ...HTTP, 'node-pg-migrate', 'node:*'],
    packageTypes: ['pino'],
    because: 'a service stores its ledger as every process here keeps a database',
  },
  {
    name: 'conformance',
    path: 'src/conformance/',
    purpose: "the kit that plays a participant's contract over HTTP",
    imports: ['platform'],
    packages: ['node:*'],
    because: 'it calls a service as the worker does',
  },
  {
    name: 'config',
    path: 'src/config/',
    purpose: 'each variable once; what every process of ours has in common',
    imports: [...VOCABULARY, 'platform'],
    types: ['workflows/messages'],
    packages: [...DATA, '@temporalio/client', 'pino', 'node:*'],
  },
  {
    name: 'journal',
    path: 'src/journal/',
    purpose: 'events and read model: write, read, audit, dead letters, webhooks',
    imports: [...VOCABULARY, 'platform', 'workflows/messages', 'saga'],
    packages: [...TEMPORAL, ...DATA, 'lru-cache', 'node:*'],
    packageTypes: ['pino'],
    because: 'the read model is folded by the function that the saga itself uses',
  },
  {
    name: 'orders',
    path: 'src/orders/',
    purpose: 'requests about an order; the `orders` table',
    imports: [...VOCABULARY, 'platform', 'workflows/messages'],
    packages: [...TEMPORAL, ...DATA, 'lru-cache', 'node:*'],
    packageTypes: ['pino'],
  },
  {
    name: 'activities',
    path: 'src/activities/',
    purpose: "the services' verbs, and what stands around each call",
    imports: ['order', 'caller', 'platform', 'journal', 'orders'],
    packages: ['@temporalio/activity', '@temporalio/common', 'zod', 'node:*'],
    packageTypes: ['@temporalio/worker'],
  },
  {
    name: 'oracle',
    path: 'src/oracle/',
    purpose: 'all live effects against all verdicts',
    imports: JOURNALED,
    packages: [...TEMPORAL, ...DATA, 'node:*'],
  },
  {
    name: 'steering',
    path: 'src/steering/',
    purpose: 'requests about a saga: status, decisions',
    imports: [...VOCABULARY, 'platform', 'workflows/messages', 'journal', 'oracle'],
    types: ['activities'],
    packages: [...TEMPORAL, 'zod', 'node:*'],
  },
  {
    name: 'relay',
    path: 'src/relay/',
    purpose: 'the outbox, and the sinks that follow it',
    imports: JOURNALED,
    packages: ['pg', 'kafkajs', 'lru-cache', 'mongodb', '@redis/client', '@kurrent/kurrentdb-client', 'node:*'],
    packageTypes: ['pino'],
  },
  {
    name: 'worker',
    path: 'src/worker/',
    purpose: 'a worker: queues, slots, bundle, health',
    imports: [...JOURNALED, 'orders', 'activities', 'workflows'],
    packages: [...TEMPORAL, '@temporalio/worker', 'node:*'],
    packageTypes: ['pino'],
    because: 'it opens the orders table for the activities',
  },
  {
    name: 'background',
    path: 'src/background/',
    purpose: 'one file for each standing job',
    imports: [...JOURNALED, 'orders', 'oracle', 'steering'],
    packages: [...TEMPORAL, 'pg', 'node:*'],
    packageTypes: ['pino'],
    because: 'it keeps leases and alerts in tables of the journal',
  },
  {
    name: 'commands',
    path: 'src/commands/',
    purpose: 'the same requests by Kafka',
    imports: USE_CASES,
    packages: [...TEMPORAL, ...DATA, 'kafkajs', 'node:*'],
    packageTypes: ['pino'],
  },
  {
    name: 'api',
    path: 'src/api/',
    purpose: 'the REST API: one file for each operation',
    imports: USE_CASES,
    packages: [...TEMPORAL, ...HTTP, 'zod', 'express-rate-limit', 'swagger-ui-dist', 'node:*'],
    packageTypes: ['pino'],
  },
  {
    name: 'local',
    path: 'src/local/',
    purpose: '`npm start` and the tests: servers of our own, and the supervisor',
    imports: ['platform', 'config', 'workflows/messages'],
    packages: [...DATA, 'node:*'],
    because: "the dev server registers the search attributes that the workflows' messages name",
  },
  {
    name: 'cli',
    path: 'src/cli/',
    purpose: 'one `unwind` with a file for each command',
    imports: [
      ...USE_CASES,
      'config',
      'saga',
      'client',
      'conformance',
      'relay',
      'commands',
      'api',
      'services',
      'workflows',
    ],
    packages: [...TEMPORAL, ...DATA, 'node:*'],
  },
  {
    name: 'main',
    path: 'src/main/',
    purpose: 'the processes, put together from the rooms above',
    imports: [...USE_CASES, 'config', 'relay', 'commands', 'api', 'services', 'worker', 'local'],
    packages: ['@temporalio/client', 'node:*'],
    packageTypes: ['pino'],
  },
];

const SRC = ROOMS.map(({ name }) => name);
const WITHOUT_MAIN = SRC.filter((name) => name !== 'main');

/** What stands beside the product. `main` is for nobody: it starts a process as soon as it is imported. */
export const BESIDE: readonly Room[] = [
  { name: 'examples', path: 'examples/', purpose: 'sagas of others', imports: [], packages: ['*'] },
  { name: 'bench', path: 'bench/', purpose: 'the measurements', imports: WITHOUT_MAIN, packages: ['*'] },
  { name: 'test/suites', path: 'test/suites', purpose: 'the table of suites', imports: [], packages: ['*'] },
  {
    name: 'scripts',
    path: 'scripts/',
    purpose: 'what npm runs',
    imports: ['api', 'config', 'test/suites'],
    packages: ['*'],
  },
  {
    name: 'test/support',
    path: 'test/support/',
    purpose: 'what several suites use',
    imports: WITHOUT_MAIN,
    packages: ['*'],
  },
  {
    name: 'test/saga',
    path: 'test/saga/',
    purpose: 'the library alone, which knows no orders',
    imports: ['saga', 'saga/testing', 'test/support'],
    packages: ['*'],
  },
  {
    name: 'test',
    path: 'test/',
    purpose: 'all other tests',
    imports: [...WITHOUT_MAIN, 'examples', 'bench', 'scripts', 'test/support', 'test/saga', 'test/suites'],
    packages: ['*'],
  },
];
