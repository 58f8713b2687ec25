/** An id stands in the path as itself, or the client refuses it before it calls. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient, type Client } from '../../src/client/client.js';

let server: Server;
let client: Client;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = createClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
});

it.each(['', '.', '..'])('an id that a URL cannot hold as a segment is refused before the call: %j', async (sagaId) => {
  asked.length = 0;
  await expect(async () => await client.getSagaStatus({ params: { sagaId } })).rejects.toThrow(RangeError);
  expect(asked).toEqual([]);
});

it.each([
  ['../health', '/api/sagas/..%2Fhealth/status'],
  ['...', '/api/sagas/.../status'],
  ['a?b#c', '/api/sagas/a%3Fb%23c/status'],
])('every other id is escaped: %j', async (sagaId, address) => {
  asked.length = 0;
  await client.getSagaStatus({ params: { sagaId } }).catch(() => undefined);
  expect(asked).toEqual([address]);
});
