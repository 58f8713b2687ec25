import { environmentOf } from '../environment.js';
import { storeServer, type StoreServer } from './server.js';

const kept = (append: boolean): string[] => (append ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []);

/** A real Redis. `append`: each write is on disk before it is acknowledged; else a killed server forgets all of it. */
export const redisServer = ({ append = true } = {}): Promise<StoreServer> =>
  storeServer({
    name: 'redis',
    url: (port) => `redis://127.0.0.1:${port}`,
    command: (port, folder) => ({
      file: environmentOf('TEST_REDIS'),
      args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...kept(append)],
    }),
  });
