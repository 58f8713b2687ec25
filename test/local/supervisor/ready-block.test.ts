import { loadConfig } from '../../../src/config/config.js';
import { readyBlock } from '../../../src/local/supervisor/ready-block.js';

const hash = 'ab'.repeat(32);
const embedded = 'postgres://unwind:c4nary@127.0.0.1:54329/unwind';
const configured = 'postgres://shop:c4nary@db.example.com/shop';

const ready = (env: NodeJS.ProcessEnv): string => {
  const config = loadConfig({ DATA_DIR: '/data', AUTH_API_KEYS: `shop:operator:${hash}`, ...env });
  const postgres = config.databaseUrl === undefined;
  const extent = { part: 'all', postgres, temporal: true } as const;
  return readyBlock({ config, extent, logFolder: '/data/logs' }, config.databaseUrl ?? embedded);
};

describe('the ready block of npm start', () => {
  it('shows the URL of the embedded database in development, so that the README can be followed', () => {
    expect(ready({})).toContain(`DATABASE_URL  ${embedded}`);
  });

  it.each([
    ['the configured database in production', { NODE_ENV: 'production', DATABASE_URL: configured }],
    ['the configured database in development', { DATABASE_URL: configured }],
    ['the embedded database in production', { NODE_ENV: 'production' }],
    ['any sink', { REDIS_URL: 'redis://:c4nary@r', MONGODB_URL: 'mongodb://u:c4nary@m', DATABASE_URL: configured }],
  ])('shows no password of %s (L1)', (_what, env) => {
    expect(ready(env)).not.toContain('c4nary');
    expect(ready(env)).toContain('DATABASE_URL');
  });
});
