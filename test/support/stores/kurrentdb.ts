import path from 'node:path';
import { storeServer, type StoreServer } from './server.js';

/** The stand-in for KurrentDB, as a process of its own. `largestAppend` is asked at each start. */
export const kurrentServer = (largestAppend: () => number): Promise<StoreServer> =>
  storeServer({
    name: 'kurrentdb',
    url: (port) => `kurrentdb://127.0.0.1:${port}?tls=false`,
    command: (port, folder) => {
      const script = path.join(import.meta.dirname, 'kurrentdb-server.ts');
      const root = path.join(import.meta.dirname, '..', '..', '..');
      const loader = path.join(root, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs');
      const args = ['--import', loader, script, String(port), path.join(folder, 'streams'), String(largestAppend())];
      return { file: process.execPath, args, env: { NODE_OPTIONS: '' } };
    },
  });
