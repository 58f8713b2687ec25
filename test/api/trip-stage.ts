/** Trips beside orders: an API over a database of its own, a worker for each, and the command line over both. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { Client as Postgres } from 'pg';
import { createAuthenticate } from '../../src/api/http/authenticate.js';
import { createClient } from '../../src/client/client.js';
import { createDatabase } from '../support/database.js';
import { createDevServer } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { startJournalingWorker } from './journaling-worker.js';
import { POLICY, runApi } from './running-api.js';
import { theShop } from './shop.js';
import { openTrips } from './trips.js';

const root = path.join(import.meta.dirname, '..', '..');
const keyOf = (role: string) => ({ 'x-api-key': `the-key-of-${role}` });
export const [STAFF, CUSTOMER] = [keyOf('operator'), keyOf('customer')];
const apiKeys = (['customer', 'operator'] as const).map((role) => ({
  name: role === 'customer' ? 'ann' : 'olga',
  role,
  hash: createHash('sha256').update(`the-key-of-${role}`).digest('hex'),
}));

interface Said {
  readonly code: number | null;
  readonly out: string;
}

interface Letter {
  readonly id: string;
  readonly sagaId: string;
  readonly kind: string;
  readonly step: string;
  readonly reason: string;
  readonly resolution: string | null;
}

export type Stage = Awaited<ReturnType<typeof openStage>>;

export async function openStage() {
  const own = await createDatabase('trips');
  const { url } = own;
  const inside = new Postgres({ connectionString: url, options: '-c search_path=journal' });
  await inside.connect();
  const temporal = await createDevServer();
  const more = { authenticate: createAuthenticate({ apiKeys }), policy: { ...POLICY, journal: true } };
  // The commands of `unwind` read this schema.
  const api = await runApi({ temporal: temporal.client, databaseUrl: url, journalSchema: 'journal', more });
  const worker = await startJournalingWorker(temporal, api, theShop());
  const trips = await openTrips(temporal, { databaseUrl: url, schema: api.journalSchema });

  const get = (place: string, headers: Record<string, string> = STAFF) => api.request('GET', place, { headers });
  const statusOf = async (sagaId: string) => (await get(`/api/sagas/${sagaId}/status`)).body;
  const until = (sagaId: string, what: string, is: (status: Record<string, unknown>) => boolean) =>
    eventually(`${sagaId} to be ${what}`, 20_000, async () => {
      const status = await statusOf(sagaId);
      return is(status) && status['source'] === 'readModel' && status;
    });
  /** The bin, over this database and this Temporal. */
  const unwind = (...args: string[]): Promise<Said> =>
    new Promise((resolve, reject) => {
      const env = { ...process.env, DATABASE_URL: url, TEMPORAL_ADDRESS: temporal.address, NODE_OPTIONS: '' };
      const child = spawn(process.execPath, [path.join(root, 'dist', 'cli', 'unwind.js'), ...args], { cwd: root, env });
      let out = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, out }));
    });
  return {
    api,
    temporal,
    trips,
    inside,
    client: createClient({ baseUrl: api.url, headers: STAFF }),
    get,
    post: (place: string, body: object, headers = {}) => api.post(place, body, { ...STAFF, ...headers }),
    statusOf,
    until,
    ended: (sagaId: string, verdict: string) => until(sagaId, verdict, ({ state }) => state === verdict),
    blocked: (sagaId: string) => until(sagaId, 'blocked', ({ blockedOn }) => blockedOn === 'book_hotel'),
    unwind,
    lettersOf: async (...filter: string[]): Promise<Letter[]> =>
      (await unwind('dead-letters', 'list', '--json', ...filter)).out
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Letter),
    async close(): Promise<void> {
      trips.letFlightsGo();
      await trips.stop();
      await worker.stop();
      await api.close();
      await temporal.close();
      await inside.end();
      await own.drop();
    },
  };
}
