import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startSystem } from '../journey/running-system.js';

/** Starts the system with a password in each wrong place, and returns what all of it has printed. */
export async function startWrongly(password: string): Promise<string> {
  const attempts = [
    { DATABASE_URL: `mysql://root:${password}@127.0.0.1/x` },
    { DATABASE_URL: `postgres://unwind:a/${password}@127.0.0.1/x` },
    { DATABASE_URL: `host=127.0.0.1 password=${password}` },
    { DATABASE_URL: `postgres://unwind:${password}@127.0.0.1:1/x` },
    {
      REDIS_URL: `redis://:${password}#@r`,
      MONGODB_URL: `mongodb://u:${password}`,
      KURRENTDB_URL: `x://${password}@k`,
    },
    { KAFKA_BROKERS: `user:${password}@127.0.0.1:9092`, PAYMENT_URL: `ftp://u:${password}@p` },
    { AUTH_API_KEYS: `shop:operator:${password}` },
    { TEMPORAL_ADDRESS: `https://u:${password}@t`, TEMPORAL_API_KEY: password },
    { DATABSE_URL: `postgres://u:${password}@h/x`, SAGA_DEADLINE: '1ms' },
  ];
  const printed = await Promise.all(
    attempts.map(async (env) => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-wrong-'));
      const wrong = startSystem(folder, env);
      expect(await wrong.ended).toBe(1);
      rmSync(folder, { recursive: true });
      return wrong.lines.join('\n');
    }),
  );
  return printed.join('\n');
}
