import { loadConfig } from '../../src/config/config.js';
import { makeCertificates } from '../support/certificates.js';

describe('with what the services are called (K9)', () => {
  const token = 'token-of-the-payments-0123456789';

  it('is nothing by default, and then nothing warns in development', () => {
    const { services, warnings } = loadConfig({});
    expect(services).toEqual({
      payment: { url: 'http://127.0.0.1:8001' },
      inventory: { url: 'http://127.0.0.1:8002' },
      shipping: { url: 'http://127.0.0.1:8003' },
      notification: { url: 'http://127.0.0.1:8004' },
    });
    expect(warnings).toEqual([]);
  });

  it('is a token, which no sentence shows, and files, which must be there and belong together', () => {
    expect(loadConfig({ PAYMENT_TOKEN: token }).services.payment).toMatchObject({ token });
    const wrong = (env: NodeJS.ProcessEnv): string => {
      try {
        loadConfig(env);
      } catch (error) {
        return (error as Error).message;
      }
      return 'nothing is wrong';
    };
    expect(wrong({ PAYMENT_TOKEN: 'tooshort' })).toBe(
      'PAYMENT_TOKEN must be a bearer token: at least 16 letters, digits or any of . _ ~ + / -.',
    );
    expect(wrong({ PAYMENT_TOKEN: `${token} ${token}` })).not.toContain(token);
    expect(wrong({ PAYMENT_TOKEN: token, PAYMENT_URL: 'https://ann:secret@pay.example' })).toBe(
      'PAYMENT_TOKEN is set, and PAYMENT_URL has a user as well: set one of them.',
    );
    expect(wrong({ PAYMENT_URL: 'https://pay', PAYMENT_TLS_CA_FILE: '/nowhere.pem' })).toMatch(
      /^PAYMENT_TLS_CA_FILE must be the path of a PEM file that can be read/,
    );
    const { ca, server, client, remove } = makeCertificates();
    const https = { PAYMENT_URL: 'https://pay.example', PAYMENT_TLS_CA_FILE: ca };
    const both = { PAYMENT_TLS_CERT_FILE: client.cert, PAYMENT_TLS_KEY_FILE: client.key };
    expect(loadConfig({ ...https, ...both }).services.payment).toEqual({
      url: 'https://pay.example',
      tls: { ca, ...client },
    });
    expect(wrong({ ...both })).toMatch(/^PAYMENT_TLS_… are set, but PAYMENT_URL does not begin with https/);
    expect(wrong({ ...https, PAYMENT_TLS_CERT_FILE: client.cert })).toMatch(/belong together: set both, or none\.$/);
    expect(wrong({ ...https, ...both, PAYMENT_TLS_KEY_FILE: server.key })).toMatch(
      /^The files of PAYMENT_TLS_… cannot be used \(.*key values mismatch/,
    );
    remove();
  });

  it('is a certificate of Redis and MongoDB only if their URLs speak TLS (K8)', () => {
    const { ca, client, remove } = makeCertificates();
    const redis = { REDIS_TLS_CA_FILE: ca, REDIS_TLS_CERT_FILE: client.cert, REDIS_TLS_KEY_FILE: client.key };
    expect(loadConfig({ ...redis, REDIS_URL: 'rediss://u:p@r:6380' }).redisTls).toEqual({ ca, ...client });
    expect(() => loadConfig({ ...redis, REDIS_URL: 'redis://r:6379' })).toThrow(/REDIS_URL does not begin with rediss/);
    const mongodb = { MONGODB_TLS_CA_FILE: ca, MONGODB_URL: 'mongodb+srv://u:p@cluster.example/shop' };
    expect(loadConfig(mongodb)).toMatchObject({ mongodbCaFile: ca, mongodbUrl: mongodb.MONGODB_URL });
    expect(() => loadConfig({ ...mongodb, MONGODB_URL: 'mongodb://m/shop?tls=false' })).toThrow(/turns TLS off/);
    remove();
  });

  it('is missed in production, service by service', () => {
    const env = {
      NODE_ENV: 'production',
      PAYMENT_TOKEN: token,
      INVENTORY_URL: 'https://ann:secret@stock.example',
      SHIPPING_TOKEN: token,
    };
    expect(loadConfig(env).warnings).toEqual([
      'the notification service is called without credentials: in production set NOTIFICATION_TOKEN, or NOTIFICATION_TLS_CERT_FILE and NOTIFICATION_TLS_KEY_FILE.',
    ]);
  });
});
