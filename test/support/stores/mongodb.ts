import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { environmentOf } from '../environment.js';
import { storeServer, type StoreServer } from './server.js';

/** What is written is on disk 20 ms later: killed, it forgets the last moment, which a real MongoDB does not. */
const SCRIPT = `
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import org.h2.mvstore.MVStore;
store = MVStore.open(System.getProperty("store"));
store.setAutoCommitDelay(20);
new MongoServer(new H2Backend(store)).bind("127.0.0.1", Integer.parseInt(System.getProperty("port")));
`;

/** MongoDB's stand-in in Java: it speaks the wire protocol of MongoDB 5, and keeps its data in a file. */
export const mongoServer = (): Promise<StoreServer> =>
  storeServer({
    name: 'mongodb',
    url: (port) => `mongodb://127.0.0.1:${port}/mydb`,
    command: (port, folder) => {
      const script = path.join(folder, 'serve.bsh');
      writeFileSync(script, SCRIPT);
      const flags = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', `-Dstore=${folder}/data.mv`, `-Dport=${port}`];
      const jars = path.join(environmentOf('TEST_MONGODB'), '*');
      return { file: 'java', args: [...flags, '-cp', jars, 'bsh.Interpreter', script] };
    },
  });
