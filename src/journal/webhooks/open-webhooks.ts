/** Opens the registrations and the log of deliveries, for the API. */
import { escapeIdentifier } from 'pg';
import { migrateJournal } from '../tables/migrate.js';
import { orUnavailable } from '../tables/unavailable.js';
import { JOURNAL_SCHEMA, journalPool, once, soon, type JournalPoolOptions } from '../write/journal.js';
import type { PageRequest } from '../read/reader.js';
import { addTest, listDeliveries, resendDelivery, type WebhookDelivery } from './deliveries.js';
import {
  addEndpoint,
  changeEndpoint,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  rotateSecret,
  type EndpointChange,
  type NewEndpoint,
  type WebhookEndpoint,
  type WithSecret,
} from './endpoints.js';

/** Every method throws `JournalUnavailableError` while the journal's database is away. */
export interface Webhooks {
  add(endpoint: NewEndpoint): Promise<WithSecret | 'taken' | 'full'>;
  list(): Promise<WebhookEndpoint[]>;
  get(id: string): Promise<WebhookEndpoint | undefined>;
  change(id: string, change: EndpointChange): Promise<WebhookEndpoint | 'taken' | undefined>;
  rotateSecret(id: string): Promise<WithSecret | undefined>;
  delete(id: string): Promise<boolean>;
  /** Queues a test message for an endpoint that is there. */
  test(id: string): Promise<WebhookDelivery>;
  listDeliveries(
    id: string,
    page: PageRequest & { readonly state?: WebhookDelivery['state'] | undefined },
  ): Promise<{
    readonly items: WebhookDelivery[];
    readonly next: string | null;
  }>;
  resend(id: string, deliveryId: string): Promise<WebhookDelivery | undefined>;
  close(): Promise<void>;
}

const POOL_SIZE = 2;

export function openWebhooks(options: JournalPoolOptions): Webhooks {
  const { databaseUrl, schema: name = JOURNAL_SCHEMA, migrationWaitMs } = options;
  const schema = escapeIdentifier(name);
  const pool = journalPool({ poolSize: POOL_SIZE, ...options });
  const prepare = once(() => migrateJournal(databaseUrl, name, migrationWaitMs));
  const ask = <T>(query: () => Promise<T>): Promise<T> => orUnavailable(async () => soon(prepare()).then(query));
  return {
    add: (endpoint) => ask(() => addEndpoint(pool, schema, endpoint)),
    list: () => ask(() => listEndpoints(pool, schema)),
    get: (id) => ask(() => getEndpoint(pool, schema, id)),
    change: (id, change) => ask(() => changeEndpoint(pool, schema, id, change)),
    rotateSecret: (id) => ask(() => rotateSecret(pool, schema, id)),
    delete: (id) => ask(() => deleteEndpoint(pool, schema, id)),
    test: (id) => ask(() => addTest(pool, schema, id)),
    listDeliveries: (id, page) => ask(() => listDeliveries(pool, schema, id, page)),
    resend: (id, deliveryId) => ask(() => resendDelivery(pool, schema, id, deliveryId)),
    close: () => pool.end(),
  };
}
