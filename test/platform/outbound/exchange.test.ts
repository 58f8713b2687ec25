import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { exchange, type Outgoing } from '../../../src/platform/outbound/exchange.js';

let server: Server | undefined;
let connections = 0;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
});

async function serve(handle: RequestListener): Promise<URL> {
  connections = 0;
  server = createServer(handle).on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

const send = (url: URL, more: Partial<Outgoing> = {}) =>
  exchange({
    method: 'PUT',
    url,
    headers: { accept: 'application/json' },
    body: '{"an":"order"}',
    within: 5_000,
    cancelled: new AbortController().signal,
    longest: 1_000,
    ...more,
  });

describe('an exchange with a participant', () => {
  it('sends what it is given and answers what it gets, again and again on one connection', async () => {
    const url = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { method, headers } = request;
        response.writeHead(201, { 'retry-after': '3' });
        response.end(JSON.stringify({ method, body, length: headers['content-length'], accept: headers.accept }));
      });
    });
    for (let times = 0; times < 20; times += 1) {
      const { status, text, headers } = await send(url);
      expect([status, headers['retry-after']]).toEqual([201, '3']);
      const sent = { method: 'PUT', body: '{"an":"order"}', length: '14', accept: 'application/json' };
      expect(JSON.parse(text)).toEqual(sent);
    }
    expect(connections).toBe(1);
  });

  it('does not follow a redirect', async () => {
    const url = await serve((_request, response) => response.writeHead(307, { location: '/elsewhere' }).end());
    expect(await send(url)).toMatchObject({ status: 307 });
  });

  it('ends when no answer arrives in time', async () => {
    const url = await serve(() => undefined);
    await expect(send(url, { within: 50 })).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('ends when the answer does not come to an end in time', async () => {
    const url = await serve((_request, response) => void response.write('{'));
    await expect(send(url, { within: 50 })).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('ends when it is cancelled', async () => {
    const cancelling = new AbortController();
    const url = await serve(() => cancelling.abort());
    await expect(send(url, { cancelled: cancelling.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('is no answer if the connection breaks off in the middle', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"effect":', () => response.destroy());
    });
    await expect(send(url)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it("names the system's error if no server listens", async () => {
    const url = await serve(() => undefined);
    await new Promise((resolve) => server?.close(resolve));
    await expect(send(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('reads no more than the longest answer', async () => {
    const url = await serve((_request, response) => response.end('x'.repeat(1_000_000)));
    expect((await send(url)).text.length).toBeLessThan(200_000);
  });
});
