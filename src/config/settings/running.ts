/** How a process runs, where it keeps its data, and the ports of all processes. */
import { z } from 'zod';
import { choice, count, duration, EVERY, ofEachService, port, url, variable } from './variable.js';

const POSTGRES = ['postgres:', 'postgresql:'];
/** The default port of the first service; the others follow it. */
const FIRST_SERVICE_PORT = 8001;

export const running = {
  NODE_ENV: variable(
    choice(['development', 'test', 'production'], 'development'),
    EVERY,
    'Production refuses fault injection and demo data (so that an order names its customer, payment token and address), and npm start warns if it has to use its own PostgreSQL and Temporal.',
  ),
  LOG_LEVEL: variable(
    choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal'], 'info'),
    EVERY,
    'The least level of the log lines that are written: trace, debug, info, warn, error or fatal.',
  ),
  DATA_DIR: variable(
    { form: 'folder', bears: 'nothing', standard: '.data', schema: z.string().default('.data') },
    EVERY,
    'Data of the embedded servers, and the log files. Two systems need two of them.',
  ),
  DATA_DIR_MIN_FREE_MB: variable(
    count(100, 1_000_000),
    ['api'],
    'If fewer megabytes are free in DATA_DIR and an embedded server keeps its data there, the API is not ready to place orders.',
  ),
  LISTEN_HOST: variable(
    {
      form: 'address',
      bears: 'nothing',
      standard: '127.0.0.1',
      schema: z
        .string()
        .regex(/^[A-Za-z0-9.:-]+$/, 'an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all')
        .default('127.0.0.1'),
    },
    EVERY,
    "The address that the API, the services and the metrics listen on; 0.0.0.0 for all (in containers). The embedded PostgreSQL and Temporal's dev server listen on 127.0.0.1 only.",
  ),
};

export const databases = {
  DATABASE_URL: variable(
    url(POSTGRES, 'postgres://user:password@127.0.0.1:5432/unwind'),
    EVERY,
    'The database of the orders and the bundled services; without it the embedded PostgreSQL.',
  ),
  DATABASE_PASSWORD: variable(
    { form: 'password', bears: 'secret', schema: z.string().optional() },
    EVERY,
    'The password of DATABASE_URL as it is, without percent-encoding, if it is not in the URL.',
  ),
  PG_PORT: variable(port(54_329), ['npm start'], 'The port of the embedded PostgreSQL.'),
  JOURNAL_DATABASE_URL: variable(
    url(POSTGRES, 'postgres://user:password@127.0.0.1:5432/journal'),
    ['api', 'worker', 'relay', 'background', 'npm start', 'unwind'],
    'The database of the journal (audit trail and read model); without it that of DATABASE_URL.',
  ),
  MIGRATION_LOCK_WAIT: variable(
    duration('30s'),
    ['api', 'worker', 'services', 'unwind'],
    'A process that must migrate a schema waits so long for another one that migrates it, before it refuses to start and names that one.',
  ),
};

export const ports = {
  API_PORT: variable(port(8000), ['api', 'npm start', 'unwind'], 'The API.'),
  ...ofEachService('PORT', (_name, index) =>
    variable(port(FIRST_SERVICE_PORT + index), EVERY, 'The bundled services, which are called there by default.'),
  ),
  METRICS_PORT: variable(port(9464), ['worker', 'npm start'], "The worker's metrics for Prometheus: GET /metrics."),
  WORKER_HEALTH_PORT: variable(
    port(9466),
    ['worker', 'npm start'],
    "The worker's health: GET /health/ready is 503 while the worker does not poll each of its task queues.",
  ),
  RELAY_METRICS_PORT: variable(
    port(9465),
    ['relay', 'npm start'],
    "The relay's metrics for Prometheus: GET /metrics. The relay runs if a sink is configured.",
  ),
  BACKGROUND_METRICS_PORT: variable(
    port(9467),
    ['background', 'npm start'],
    'The metrics of the background jobs for Prometheus: GET /metrics.',
  ),
};

export const temporalServer = {
  TEMPORAL_PORT: variable(
    port(7233),
    ['api', 'worker', 'relay', 'background', 'npm start', 'unwind'],
    "The port of Temporal's dev server, which is used unless TEMPORAL_ADDRESS or temporal.toml names an address.",
  ),
  TEMPORAL_UI_PORT: variable(port(8233), ['npm start', 'unwind'], "The dev server's Web UI."),
};
