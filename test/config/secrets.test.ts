/** No secret is in a message or a log line, whatever the variable, its form and what is wrong with it (L1, rule 33). */
import * as fc from 'fast-check';
import { Client } from 'pg';
import { pino } from 'pino';
import { loadConfig } from '../../src/config/config.js';
import { StartError, startSentence } from '../../src/platform/start-error.js';
import { temporalTarget } from '../../src/platform/temporal/target.js';
import { variables } from '../../src/config/variables.js';
import { withoutPassword } from '../../src/relay/sinks/without-password.js';
import { keepSecretsOf } from '../../src/config/dot-env.js';
import { keepSecretsOfUrl, redact } from '../../src/platform/secrets.js';

/** What an operator may have for a password, with the characters that break a URL. */
const password = fc
  .array(fc.constantFrom('x', 'Q', '7', '/', '@', ':', '#', '?', '%', ' ', '&', '=', '+', '"', "'", '\\', ','), {
    maxLength: 12,
  })
  .map((characters) => `c4nary${characters.join('')}c4nary`);

const protocol = fc.constantFrom(
  'postgres',
  'postgresql',
  'mysql',
  'redis',
  'rediss',
  'mongodb',
  'mongodb+srv',
  'kurrentdb',
  'esdb',
  'http',
  'kafka',
);

/** The forms in which people write a password into a variable, right and wrong ones. */
const forms = fc
  .tuple(protocol, password)
  .chain(([scheme, secret]) =>
    fc.constantFrom(
      `${scheme}://user:${secret}@127.0.0.1:5432/shop`,
      `${scheme}://user:${encodeURIComponent(secret)}@127.0.0.1:5432/shop`,
      `${scheme}://:${secret}@127.0.0.1`,
      `${scheme}://${secret}@127.0.0.1:5432`,
      `${scheme}://user:${secret}@`,
      `${scheme}://user:12${secret}`,
      `${scheme}:user:${secret}@127.0.0.1`,
      `${scheme}://a:1,user:${secret}@b:2/shop`,
      `${scheme}://127.0.0.1/shop?password=${secret}`,
      `host=127.0.0.1 user=unwind password=${secret} dbname=shop`,
      `user:${secret}@127.0.0.1:9092`,
      `127.0.0.1:9092,user:${secret}@127.0.0.1:9092`,
      `shop:operator:${secret}`,
      `shop:operator:unwind_${secret}, till:customer:${secret}`,
      `${secret}:operator:${'a'.repeat(64)}`,
      secret,
    ),
  );

function sentenceOf(act: () => unknown): string {
  try {
    act();
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return startSentence(error);
  }
}

describe('a secret', () => {
  it.each(Object.keys(variables))('is in no sentence about %s, right or wrong (L1)', (name) => {
    fc.assert(
      fc.property(forms, (value) => {
        const sentence = sentenceOf(() => loadConfig({ [name]: value }));
        expect(sentence).not.toContain('c4nary');
        if (sentence !== '') expect(sentence).toContain(name);
      }),
    );
  });

  it.each([
    'TEMPORAL_ADDRESS',
    'TEMPORAL_API_KEY',
    'TEMPORAL_TLS',
    'TEMPORAL_TLS_CLIENT_KEY_PATH',
    'TEMPORAL_CONFIG_FILE',
  ])('is in no sentence about %s (L1)', (name) => {
    fc.assert(
      fc.property(forms, (value) => {
        const env = { TEMPORAL_CONFIG_FILE: '/dev/null', [name]: value };
        expect(sentenceOf(() => temporalTarget(7233, env))).not.toContain('c4nary');
      }),
    );
  });

  it('is in no warning about a misspelt name (L1)', () => {
    fc.assert(
      fc.property(forms, (value) => {
        expect(loadConfig({ DATABSE_URL: value, AUTH_API_KEY: value }).warnings.join()).not.toContain('c4nary');
      }),
    );
  });

  it('for the database is taken as it is, with any characters, if it has a variable of its own (O2)', () => {
    const any = fc.oneof(password, fc.string({ minLength: 1, unit: 'grapheme' }));
    fc.assert(
      fc.property(any, (secret) => {
        const { databaseUrl } = loadConfig({
          DATABASE_URL: 'postgres://unwind@db:5432/shop',
          DATABASE_PASSWORD: secret,
        });
        const client = new Client({ connectionString: databaseUrl });
        expect([client.user, client.password, client.host, client.port, client.database]).toEqual([
          'unwind',
          secret,
          'db',
          5432,
          'shop',
        ]);
      }),
    );
    const twice = { DATABASE_URL: 'postgres://unwind:its-own@db/shop', DATABASE_PASSWORD: 'c4nary' };
    expect(loadConfig(twice).databaseUrl).toBe(twice.DATABASE_URL);
    expect(() => loadConfig({ DATABASE_PASSWORD: 'c4nary' })).toThrow(/^DATABASE_PASSWORD is set without DATABASE_URL/);
  });

  it('is masked in a log line and a sentence that quote a valid URL, as drivers do (L1)', () => {
    fc.assert(
      fc.property(
        password,
        fc.constantFrom('REDIS_URL', 'MONGODB_URL', 'DATABASE_URL', 'HTTPS_PROXY'),
        (secret, name) => {
          const url = `redis://user:${encodeURIComponent(secret)}@127.0.0.1:6379/0?password=${encodeURIComponent(secret)}`;
          keepSecretsOf({ [name]: url });
          const lines: string[] = [];
          const log = pino({ hooks: { streamWrite: redact } }, { write: (line: string) => void lines.push(line) });
          log.warn({ err: new Error(`cannot parse ${url}`), password: secret }, `${url} is away: ${secret}`);
          const sentence = startSentence(new Error(`Invalid URL: ${url} (${secret})`));
          expect(`${lines.join('')}${sentence}`).not.toContain('c4nary');
          expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 40 });
        },
      ),
    );
  });

  it('is masked if a variable is a secret as a whole (L1)', () => {
    keepSecretsOf({ TEMPORAL_API_KEY: 'key-of-the-c4nary', PAYMENT_TOKEN: 'c4nary-token' });
    expect(redact('refused: key-of-the-c4nary, c4nary-token')).toBe('refused: ***, ***');
  });

  it('that is short, or the name of its user, masks no ordinary words', () => {
    keepSecretsOfUrl('postgres://shop:shop@127.0.0.1/x redis://u:abc@h');
    expect(redact('shop abc redis://u:abc@h')).toBe('shop abc redis://u:***@h');
  });

  it("is not in the place that a sink's log lines name (L1)", () => {
    fc.assert(
      fc.property(password, (secret) => {
        const url = `mongodb://user:${encodeURIComponent(secret)}@a:1,b:2/shop?tlsCertificateKeyFilePassword=${encodeURIComponent(secret)}`;
        expect(withoutPassword(url)).toBe('mongodb://a:1,b:2/shop');
      }),
    );
  });
});
