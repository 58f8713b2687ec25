import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Certificates } from '../certificates.js';
import { environmentOf } from '../environment.js';
import { storeServer, type StoreServer } from './server.js';

const kept = (append: boolean): string[] => (append ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []);

/** A real Redis that speaks TLS only, wants a certificate of the client, and knows one user, `unwind`. */
export const redisTlsServer = ({ ca, server }: Certificates, password: string): Promise<StoreServer> =>
  storeServer({
    name: 'redis-tls',
    url: (port) => `rediss://unwind:${encodeURIComponent(password)}@127.0.0.1:${port}`,
    command: (port, folder) => {
      const rights = '~saga:* ~unwind:relay:cursor +@read +@write +eval +ping +client +hello +auth';
      writeFileSync(path.join(folder, 'users.acl'), `user default off\nuser unwind on >${password} ${rights}\n`);
      const files = ['--tls-cert-file', server.cert, '--tls-key-file', server.key, '--tls-ca-cert-file', ca];
      const tls = ['--port', '0', '--tls-port', String(port), ...files, '--tls-auth-clients', 'yes'];
      const args = [...tls, '--aclfile', path.join(folder, 'users.acl'), '--bind', '127.0.0.1', '--dir', folder];
      return { file: environmentOf('TEST_REDIS'), args: [...args, '--save', ''] };
    },
  });

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
