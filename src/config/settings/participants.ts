/** The calls to the services: addresses, credentials, limits and task queues. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { CONCURRENCY, WORKER_QUEUES, type WorkerQueue } from '../service-limits.js';
import {
  CALLERS,
  choice,
  count,
  entriesOf,
  EVERY,
  HTTP,
  matching,
  ofEachService,
  parsed,
  STARTERS,
  toggle,
  url,
  variable,
} from './variable.js';

/** As RFC 6750 has it. Shorter ones could be guessed. */
const token = matching(
  /^[A-Za-z0-9._~+/-]{16,4096}=*$/,
  'a bearer token: at least 16 letters, digits or any of . _ ~ + / -',
  { form: 'token', bears: 'secret' },
);

export const pemFile = {
  form: 'PEM file',
  bears: 'a URL' as const,
  schema: z.string().refine(isPem, 'the path of a PEM file that can be read, such as /etc/unwind/ca.pem').optional(),
};

function isPem(file: string): boolean {
  try {
    return readFileSync(file, 'utf8').includes('-----BEGIN ');
  } catch {
    return false;
  }
}

const rate = {
  form: 'calls per second',
  bears: 'nothing' as const,
  schema: parsed(
    (text) => (/^\d{1,6}(\.\d{1,3})?$/.test(text) && Number(text) > 0 ? Number(text) : undefined),
    'calls per second, more than none, such as 50 or 0.5',
  ).optional(),
};

/** Undefined for all that there are. */
const workerQueues = {
  form: 'list of queues',
  bears: 'nothing' as const,
  schema: parsed(
    (text): readonly WorkerQueue[] | undefined => {
      const entries = entriesOf(text);
      const known = WORKER_QUEUES.filter((name) => entries.includes(name));
      return entries.length === known.length ? known : undefined;
    },
    `one or more of ${WORKER_QUEUES.join(', ')}, each once, with commas between, such as payment`,
  ).optional(),
};

/** The readers of limits: the worker keeps them, and an order's input says which services have a queue of their own. */
const LIMITED = ['worker', ...STARTERS] as const;

export const participants = {
  ...ofEachService('URL', (_name, index) =>
    variable(
      url(HTTP, `http://127.0.0.1:${8001 + index}`),
      CALLERS,
      'The services that the worker and the API call; by default the bundled ones on the ports above.',
    ),
  ),
  ...ofEachService('TOKEN', () =>
    variable(
      token,
      EVERY,
      'The bearer token of calls to a service, at least 16 characters. The bundled services then demand it.',
    ),
  ),
  ...ofEachService('TLS_CA_FILE', () =>
    variable(
      pemFile,
      CALLERS,
      'The authorities that may sign for a service with an https URL. It may be renewed while everything runs.',
    ),
  ),
  ...ofEachService('TLS_CERT_FILE', () =>
    variable(pemFile, CALLERS, 'The client certificate of calls to a service with an https URL, with its key.'),
  ),
  ...ofEachService('TLS_KEY_FILE', () => variable(pemFile, CALLERS, 'The key of that certificate.')),
  ...ofEachService('CONCURRENCY', () =>
    variable(
      count(CONCURRENCY, 10_000),
      ['worker'],
      'Calls under way at once at each service, of one worker. Each service has slots of its own, so that a slow one holds up no other.',
    ),
  ),
  ...ofEachService('RATE', () =>
    variable(
      rate,
      LIMITED,
      'Calls per second at each service, of all workers together, such as 50 or 0.5; without it any number.',
    ),
  ),
  ...ofEachService('QUEUE', () =>
    variable(
      choice(['own', 'shared'], 'shared'),
      LIMITED,
      'With own the calls of that service wait in a task queue of their own, as they do if it has a rate. For API and workers alike.',
    ),
  ),
  WORKER_QUEUES: variable(
    workerQueues,
    ['worker'],
    "Queues that a worker serves, such as payment, or orders,shipping (orders: the workflows' queue); without it all of them.",
  ),
  START_SERVICES: variable(
    toggle('true', 'false', { standard: 'true' }),
    ['npm start'],
    'With false the bundled services are not started.',
  ),
  FAULT_INJECTION: variable(
    toggle('on', 'off', { standard: 'on', production: 'off' }),
    ['services'],
    'POST /api/test/fail-next-request of the bundled services. On in development; production refuses it.',
  ),
  DEMO_DATA: variable(
    toggle('on', 'off', { standard: 'on', production: 'off' }),
    ['api', 'worker', 'relay', 'background', 'services'],
    'The demo customer and catalogue. On in development; production refuses it.',
  ),
};
