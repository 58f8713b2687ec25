import type http from 'node:http';
import type { AddressInfo } from 'node:net';

/** Listens on a free port of this machine only. */
export const listen = (server: http.Server): Promise<http.Server> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));

export const urlOf = (server: http.Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

export const stop = (server: http.Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
