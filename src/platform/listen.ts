/** HTTP servers that stop gracefully, and keep connections longer than the balancers in front of them. */
import { once } from 'node:events';
import http from 'node:http';
import type { RequestListener } from 'node:http';
import net from 'node:net';
import { localAddress } from './local-address.js';
import { portError } from './ports.js';

const IN_FLIGHT_PATIENCE = 15_000;
/** For requests that are on their way on connections that look idle. */
const ON_ITS_WAY_PATIENCE = 100;
/**
 * Balancers keep an idle connection for 60 s by default (AWS, nginx). If the server closed it first, a request on its
 * way would be answered with 502.
 */
const KEEP_ALIVE = 65_000;
/**
 * The time-out for headers must be longer than the one for idle connections, because some versions of Node break
 * connections off otherwise.
 */
const BEYOND_KEEP_ALIVE = 5_000;

export interface Listening {
  readonly port: number;
  readonly url: string;
  /**
   * Stops accepting connections, and returns when the running requests have been answered, also those that were on their
   * way. Each answer asks its caller to close the connection.
   */
  readonly close: () => Promise<void>;
}

export async function listen(
  app: RequestListener,
  variable: string,
  port: number,
  host: string,
  keepAlive = KEEP_ALIVE,
): Promise<Listening> {
  const headersTimeout = Math.max(30_000, keepAlive + BEYOND_KEEP_ALIVE);
  const server = http.createServer(
    { keepAliveTimeout: keepAlive, headersTimeout, requestTimeout: headersTimeout },
    app,
  );
  const actual = await new Promise<number>((resolve, reject) => {
    server.once('error', (error) => {
      reject(portError(variable, port, host, error));
    });
    server.listen({ port, host }, () => {
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : port);
    });
  });
  let closed: Promise<void> | undefined;
  return {
    port: actual,
    url: `http://${localAddress(host, actual, 'localhost')}`,
    close: () => (closed ??= closeGently(server)),
  };
}

async function closeGently(server: http.Server): Promise<void> {
  const closed = once(server, 'close');
  server.prependListener('request', (_request, response) => void response.setHeader('connection', 'close'));
  // HTTP's own close comes afterwards, because it cuts the connections of requests that have not arrived.
  net.Server.prototype.close.call(server);
  const idle = setInterval(() => void server.close(), ON_ITS_WAY_PATIENCE);
  const late = setTimeout(() => server.closeAllConnections(), IN_FLIGHT_PATIENCE);
  await closed;
  clearInterval(idle);
  clearTimeout(late);
}
