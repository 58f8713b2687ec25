/** An idle connection outlives Node's own five seconds (A11). The clock of this test is a server with Node's own setting. */
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { listen as listenAsTheApi } from '../../src/platform/listen.js';
import { listen, stop } from './listening.js';

const app: http.RequestListener = (_req, res) => res.end('ok');

/** One request on a connection that stays open. */
async function ask(socket: net.Socket): Promise<string> {
  const heard = once(socket, 'data');
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return String((await heard)[0]);
}

it('a connection that was idle for longer than five seconds still takes the next request (A11)', async () => {
  const [ours, plain] = await Promise.all([
    listenAsTheApi(app, 'API_PORT', 0, '127.0.0.1'),
    listen(http.createServer(app)),
  ]);
  const own = net.connect(ours.port, '127.0.0.1');
  const clock = net.connect((plain.address() as AddressInfo).port, '127.0.0.1');
  expect(plain.keepAliveTimeout).toBe(5_000);
  expect(await ask(own)).toMatch(/^HTTP\/1\.1 200 /);
  expect(await ask(clock)).toMatch(/^HTTP\/1\.1 200 /);
  await once(clock, 'close');
  expect(own.readableEnded || own.destroyed).toBe(false);
  expect(await ask(own)).toMatch(/^HTTP\/1\.1 200 /);
  own.destroy();
  await Promise.all([ours.close(), stop(plain)]);
});
