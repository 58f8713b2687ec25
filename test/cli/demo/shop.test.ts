/** What the demo says where the system that runs is not made for it. */
import http from 'node:http';
import { armFault, placeOrder, requireReady } from '../../../src/cli/demo/shop.js';

let server: http.Server;
let url: string;
let status: number;

beforeAll(async () => {
  server = http.createServer((_req, res) => {
    res.writeHead(status, { 'content-type': 'application/problem+json' }).end('{"title":"No."}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
});

afterAll(() => {
  server.close();
});

const urls = () => ({ api: url, services: { payment: url, inventory: url, shipping: url, notification: url } });

describe('the demo tells in one sentence', () => {
  it('that there is no demo customer', async () => {
    status = 400;
    const order = { orderId: 'a', items: [{ productId: '123', quantity: 1 }] };
    await expect(placeOrder(urls(), order)).rejects.toThrow(
      `There is no demo customer at ${url} (an order without address is refused): start the system with DEMO_DATA=on, not in production.`,
    );
  });

  it('that fault injection is off', async () => {
    status = 404;
    await expect(armFault(url, {})).rejects.toThrow(
      `Fault injection is off (${url}/api/test/fail-next-request answered 404): start the system with FAULT_INJECTION=on, not in production.`,
    );
  });

  it('that the system is not ready', async () => {
    status = 503;
    await expect(requireReady(urls())).rejects.toThrow(/^The system is not ready yet: /);
  });
});
