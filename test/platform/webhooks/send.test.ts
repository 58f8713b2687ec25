import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { sendWebhook, type Attempt } from '../../../src/platform/webhooks/send.js';
import { drawSecret, signedHeaders } from '../../../src/platform/webhooks/sign.js';

let server: Server | undefined;
let port: number;
let connections: number;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
});

async function serve(handle: RequestListener): Promise<void> {
  connections = 0;
  server = createServer(handle).on('connection', () => (connections += 1));
  server.listen(0, 'localhost');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
}

const SECRET = drawSecret();

const send = (url: string, more: Partial<Attempt> = {}) =>
  sendWebhook({
    id: 'msg_1',
    body: '{"type":"order.completed"}',
    url,
    secrets: [SECRET],
    rules: { plainHttp: true, privateAddresses: true },
    within: 5_000,
    ...more,
  });

describe('an attempt of a webhook', () => {
  it('posts the body that was signed, with the three headers', async () => {
    let got: { headers: IncomingHttpHeaders; body: string; method: string | undefined } | undefined;
    await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        got = { headers: request.headers, body, method: request.method };
        response.writeHead(204).end();
      });
    });
    const body = '{"name":"Zoë"}';
    expect(await send(`http://localhost:${port}/hooks?a=b`, { body })).toMatchObject({ status: 204 });
    const seconds = Number(got?.headers['webhook-timestamp']);
    expect(Math.abs(seconds - Date.now() / 1_000)).toBeLessThan(60);
    expect(got).toMatchObject({ method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect(got?.headers).toMatchObject(signedHeaders({ id: 'msg_1', body }, [SECRET], seconds * 1_000));
  });

  it('follows no redirect', async () => {
    let asked = 0;
    await serve((_request, response) => {
      asked += 1;
      response.writeHead(307, { location: `http://localhost:${port}/elsewhere` }).end();
    });
    expect(await send(`http://localhost:${port}/`)).toMatchObject({ status: 307 });
    expect(asked).toBe(1);
  });

  it.each(['localhost', '127.0.0.1', '[::ffff:127.0.0.1]', '0.0.0.0', '2130706433'])(
    'makes no connection to %s unless private addresses are allowed',
    async (host) => {
      await serve((_request, response) => response.end());
      const rules = { plainHttp: true, privateAddresses: false };
      await expect(send(`http://${host}:${port}/`, { rules })).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
      expect(connections).toBe(0);
    },
  );

  it('makes no connection without TLS unless that is allowed', async () => {
    await serve((_request, response) => response.end());
    const rules = { plainHttp: false, privateAddresses: true };
    await expect(send(`http://localhost:${port}/`, { rules })).rejects.toMatchObject({ code: 'TARGET_REFUSED' });
    expect(connections).toBe(0);
  });

  it('ends in its time if the endpoint does not answer', async () => {
    await serve(() => undefined);
    await expect(send(`http://localhost:${port}/`, { within: 50 })).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('ends when it is cancelled', async () => {
    const cancel = new AbortController();
    await serve(() => cancel.abort());
    const sent = send(`http://localhost:${port}/`, { cancelled: cancel.signal });
    await expect(sent).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('reads no body without an end: the status of the answer counts', async () => {
    let written = 0;
    await serve((_request, response) => {
      response.writeHead(200);
      const more = (): void => {
        if (response.destroyed) return;
        written += 4_096;
        response.write('x'.repeat(4_096), more);
      };
      more();
    });
    expect(await send(`http://localhost:${port}/`)).toMatchObject({ status: 200 });
    expect(written).toBeLessThan(16_000_000);
  });

  it('counts the status of an answer whose body never ends, or breaks off', async () => {
    await serve((request, response) => {
      const breaks = request.url === '/breaks';
      response.writeHead(breaks ? 500 : 200, { 'content-length': 100 });
      response.write('x', () => breaks && response.destroy());
    });
    expect(await send(`http://localhost:${port}/breaks`)).toMatchObject({ status: 500 });
    expect(await send(`http://localhost:${port}/hangs`, { within: 100 })).toMatchObject({ status: 200 });
  });

  it('rejects with the code of a refused connection', async () => {
    const free = net.createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port: freed } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    await expect(send(`http://127.0.0.1:${freed}/`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
