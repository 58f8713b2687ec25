/** HTTP servers that stop gracefully. */
import http from 'node:http';
import type { RequestListener } from 'node:http';
import { localAddress } from './local-url.js';
import { portError } from './ports.js';

const IN_FLIGHT_PATIENCE = 15_000;

export interface Listening {
  readonly port: number;
  readonly url: string;
  /** Takes no new connection, and returns once the requests that are being handled have been answered. */
  readonly close: () => Promise<void>;
}

export async function listen(app: RequestListener, variable: string, port: number, host: string): Promise<Listening> {
  const server = http.createServer({ requestTimeout: 30_000, headersTimeout: 30_000 }, app);
  const actual = await new Promise<number>((resolve, reject) => {
    server.once('error', (error) => {
      reject(portError(variable, port, host, error));
    });
    server.listen({ port, host }, () => {
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : port);
    });
  });
  return {
    port: actual,
    url: `http://${localAddress(host, actual, 'localhost')}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      const late = setTimeout(() => {
        server.closeAllConnections();
      }, IN_FLIGHT_PATIENCE);
      await closed;
      clearTimeout(late);
    },
  };
}
