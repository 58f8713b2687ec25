import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loadConfig } from '../../src/config/config.js';
import { requireStartable } from '../../src/config/refusals.js';
import { makeCertificates } from '../support/certificates.js';

const SECRET = '0123456789abcdef0123456789abcdef';
const KAFKA = { KAFKA_BROKERS: 'a:9092' };
const SASL = { KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256', KAFKA_USERNAME: 'unwind', KAFKA_PASSWORD: 'p' };
const KEYS = { KAFKA_COMMAND_KEYS: `desk:operator:${SECRET}` };

const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-kafka-settings-'));
const noPem = path.join(folder, 'no.pem');
writeFileSync(noPem, 'this is no certificate');
const certificates = makeCertificates();
afterAll(() => {
  rmSync(folder, { recursive: true });
  certificates.remove();
});

describe('how Kafka is reached (K8)', () => {
  it('is off without brokers, and plain with nothing but them', () => {
    expect(loadConfig({}).kafka).toBeUndefined();
    expect(loadConfig(KAFKA).kafka).toMatchObject({ brokers: ['a:9092'], commands: { keys: undefined } });
    expect(loadConfig(KAFKA).kafka?.ssl).toBeUndefined();
  });

  it('is by TLS and SCRAM if the variables say so', () => {
    const { kafka } = loadConfig({ ...KAFKA, ...SASL, ...KEYS, KAFKA_SSL: 'on' });
    expect(kafka?.ssl).toEqual({});
    expect(kafka?.sasl).toEqual({ mechanism: 'scram-sha-256', username: 'unwind', password: 'p' });
    expect(kafka?.commands?.keys).toEqual([{ name: 'desk', role: 'operator', secret: SECRET }]);
  });

  it.each([
    ['a password without a user', { KAFKA_PASSWORD: 'hush-hush' }, /belong together/],
    [
      'a password that would go unencrypted',
      { ...SASL, KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_PASSWORD: 'hush-hush' },
      /PLAIN/,
    ],
    ['files without TLS', { KAFKA_SSL_CA_FILE: noPem }, /KAFKA_SSL_CA_FILE is set, and KAFKA_SSL is not on/],
    [
      'a file that is not there',
      { KAFKA_SSL: 'on', KAFKA_SSL_CA_FILE: '/nowhere.pem' },
      /KAFKA_SSL_CA_FILE cannot be read \(ENOENT\)/,
    ],
    ['a certificate without its key', { KAFKA_SSL: 'on', KAFKA_SSL_CERT_FILE: noPem }, /belong together/],
    [
      'files that hold no certificate',
      { KAFKA_SSL: 'on', KAFKA_SSL_CERT_FILE: noPem, KAFKA_SSL_KEY_FILE: noPem },
      /PEM/,
    ],
    ['a secret that is too short', { KAFKA_COMMAND_KEYS: 'desk:operator:hush-hush' }, /^KAFKA_COMMAND_KEYS must be/],
    ['a role that is none', { KAFKA_COMMAND_KEYS: `desk:boss:${SECRET}` }, /^KAFKA_COMMAND_KEYS must be/],
    ['one name for two keys', { KAFKA_COMMAND_KEYS: `a:admin:${SECRET},a:operator:${SECRET}` }, /once/],
  ])('is refused with %s, and no secret is shown', (_, more, sentence) => {
    const load = (): unknown => loadConfig({ ...KAFKA, ...more });
    expect(load).toThrow(sentence);
    expect(load).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(`hush-hush|${SECRET}`) as string }) as Error,
    );
  });
});

describe('in production, commands of a broker that asks for no proof (K8)', () => {
  const start = (more: NodeJS.ProcessEnv) => () =>
    requireStartable(['relay'], loadConfig({ NODE_ENV: 'production', ...KAFKA, ...more }));

  it.each([
    ['unsigned and in plain text', {}, /anybody who reaches Kafka could send commands: set KAFKA_SASL_MECHANISM/],
    ['by TLS that asks for no certificate', { KAFKA_SSL: 'on' }, /KAFKA_COMMANDS=unauthenticated waives this/],
    ['signed', KEYS, /KAFKA_COMMAND_KEYS says who may command what, and does not replace the authentication/],
    ['signed and by TLS', { ...KEYS, KAFKA_SSL: 'on' }, /does not replace the authentication of the broker/],
  ])('are refused at start if they come %s', (_, more, sentence) => {
    expect(start(more)).toThrow(sentence);
    expect(start({ ...more, KAFKA_COMMANDS: 'on' })).toThrow(sentence);
  });

  const { cert, key } = certificates.client;
  it.each([
    ['the broker asks for a password', SASL],
    ['the broker asks for a certificate', { KAFKA_SSL: 'on', KAFKA_SSL_CERT_FILE: cert, KAFKA_SSL_KEY_FILE: key }],
    ['it asks for a password, and commands are signed', { ...SASL, ...KEYS }],
    ['commands are off', { KAFKA_COMMANDS: 'off' }],
    ['it is waived', { KAFKA_COMMANDS: 'unauthenticated' }],
    ['it is waived, and commands are signed', { ...KEYS, KAFKA_COMMANDS: 'unauthenticated' }],
  ])('are no reason not to start if %s', (_, more) => {
    expect(start(more)).not.toThrow();
  });

  it('are signed all the same if the proof is waived', () => {
    const { kafka } = loadConfig({ ...KAFKA, ...KEYS, KAFKA_COMMANDS: 'unauthenticated' });
    expect(kafka?.commands).toMatchObject({ keys: [{ name: 'desk', role: 'operator' }], isWaived: true });
  });
});

it('elsewhere than in production commands of any broker are read (K8)', () => {
  for (const env of [KAFKA, { ...KAFKA, ...KEYS }]) {
    expect(() => requireStartable(['relay'], loadConfig(env))).not.toThrow();
  }
});
