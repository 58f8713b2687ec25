/** How long an idle connection is kept (A11): if the server closes it before the balancer does, a request on its way is a 502. */
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { loadConfig } from '../../src/config/config.js';
import { listen, type Listening } from '../../src/platform/listen.js';
import { eventually } from '../support/eventually.js';

const app: http.RequestListener = (_req, res) => res.end('ok');
const opened: Listening[] = [];
const sockets: Connection[] = [];

async function listening(keepAlive?: number): Promise<Listening> {
  const server = await listen(app, 'API_PORT', 0, '127.0.0.1', keepAlive);
  opened.push(server);
  return server;
}
afterEach(async () => {
  for (const { socket } of sockets.splice(0)) socket.destroy();
  await Promise.all(opened.splice(0).map(({ close }) => close()));
});

interface Connection {
  readonly socket: net.Socket;
  isClosed: boolean;
  heard: string;
  /** Sends a request on this very connection, and returns what is answered. */
  ask(): Promise<string>;
}

async function connect(port: number): Promise<Connection> {
  const socket = net.connect(port, '127.0.0.1');
  const connection: Connection = {
    socket,
    isClosed: false,
    heard: '',
    async ask() {
      connection.heard = '';
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await eventually('the whole answer', 10_000, () => connection.isClosed || connection.heard.includes('\r\n\r\n'));
      return connection.heard;
    },
  };
  socket.on('data', (chunk) => (connection.heard += String(chunk)));
  socket.on('error', () => undefined);
  socket.on('close', () => (connection.isClosed = true));
  sockets.push(connection);
  return connection;
}

const isAnswered = /^HTTP\/1\.1 200 /;

it('keeps an idle connection for as long as the setting says, and answers the next request on it (A11)', async () => {
  const [short, long] = await Promise.all([listening(200), listening(20_000)]);
  // Opened first: it has been idle for longer than the other when that is closed.
  const kept = await connect(long.port);
  expect(await kept.ask()).toMatch(isAnswered);
  const dropped = await connect(short.port);
  expect(await dropped.ask()).toMatch(isAnswered);
  await eventually('the other connection to be closed', 15_000, () => dropped.isClosed);
  expect(kept.isClosed).toBe(false);
  expect(await kept.ask()).toMatch(isAnswered);
});

it('keeps an idle connection for 65 s by default, longer than balancers do, and says so to its client (A11)', async () => {
  const own = await connect((await listening()).port);
  expect(await own.ask()).toMatch(/\r\nKeep-Alive: timeout=65\r\n/);
  const { keepAlive } = loadConfig({ API_KEEP_ALIVE: '2m' });
  const told = await connect((await listening(keepAlive)).port);
  expect(await told.ask()).toMatch(/\r\nKeep-Alive: timeout=120\r\n/);
  expect(
    await listening(loadConfig({}).keepAlive)
      .then(({ port }) => connect(port))
      .then((each) => each.ask()),
  ).toMatch(/\r\nKeep-Alive: timeout=65\r\n/);
});

it('a server that closes still answers a request that is on its way on an open connection, and closes that (A11)', async () => {
  const server = await listening();
  const fresh = await connect(server.port);
  await once(fresh.socket, 'connect');
  // It is accepted after the other one, which has asked nothing so far.
  const busy = await connect(server.port);
  expect(await busy.ask()).toMatch(isAnswered);
  const closed = server.close();
  for (const answer of await Promise.all([busy.ask(), fresh.ask()])) {
    expect(answer).toMatch(isAnswered);
    expect(answer).toMatch(/\r\nConnection: close\r\n/i);
  }
  await closed;
  await eventually('the connections to be closed', 10_000, () => busy.isClosed && fresh.isClosed);
});
