import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Certificates } from '../certificates.js';
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

/** With TLS; the key and certificate come as PKCS 12, which Java reads. */
const TLS_SCRIPT = `
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.io.FileInputStream;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
store = KeyStore.getInstance("PKCS12");
store.load(new FileInputStream(System.getProperty("store")), "changeit".toCharArray());
X509Certificate[] chain = new X509Certificate[] { (X509Certificate) store.getCertificate("server") };
server = new MongoServer(new MemoryBackend());
server.enableSsl((PrivateKey) store.getKey("server", "changeit".toCharArray()), null, chain);
server.bind("127.0.0.1", Integer.parseInt(System.getProperty("port")));
`;

/** The same stand-in, which speaks TLS only. It knows no users. */
export const mongoTlsServer = ({ server }: Certificates): Promise<StoreServer> =>
  storeServer({
    name: 'mongodb-tls',
    url: (port) => `mongodb://127.0.0.1:${port}/mydb`,
    command: (port, folder) => {
      const [script, store] = [path.join(folder, 'serve.bsh'), path.join(folder, 'server.p12')];
      writeFileSync(script, TLS_SCRIPT);
      const pkcs12 = ['pkcs12', '-export', '-name', 'server', '-passout', 'pass:changeit', '-out', store];
      execFileSync('openssl', [...pkcs12, '-in', server.cert, '-inkey', server.key]);
      const flags = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', `-Dstore=${store}`, `-Dport=${port}`];
      const jars = path.join(environmentOf('TEST_MONGODB'), '*');
      return { file: 'java', args: [...flags, '-cp', jars, 'bsh.Interpreter', script] };
    },
  });
