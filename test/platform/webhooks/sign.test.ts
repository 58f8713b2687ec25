import { drawSecret, isSecret, signedHeaders } from '../../../src/platform/webhooks/sign.js';

/** Secret, id, seconds and body, with the signature that the npm package standardwebhooks 1.1.1 makes of them. */
const SIGNED_BY_THE_LIBRARY: [string, string, number, string, string][] = [
  [
    // The specification's own example.
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    1614265330,
    '{"test": 2432232314}',
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  ],
  [
    'whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw==',
    'msg_2',
    1700000000,
    '{"name":"Zoë 🚚"}',
    'v1,UuNPai0xIRrff9Ygbab7rL52PsY8iT+DGxr5NYRUaEE=',
  ],
  ['whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3', 'msg_3', 1, '{}', 'v1,Bwy6QBYb4wm/6EDsBKExknWF4cgF2WLEHCiBdVoDRW4='],
];

describe('the signature of a webhook', () => {
  it.each(SIGNED_BY_THE_LIBRARY)(
    'is the one of the library standardwebhooks: %s',
    (secret, id, seconds, body, signature) => {
      expect(isSecret(secret)).toBe(true);
      expect(signedHeaders({ id, body }, [secret], seconds * 1_000 + 999)).toEqual({
        'webhook-id': id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': signature,
      });
    },
  );

  it('is there twice while a secret is being replaced, by the new secret and by the old one', () => {
    const message = { id: 'msg_1', body: '{}' };
    const [old, young] = [drawSecret(), drawSecret()];
    const by = (secret: string): string => signedHeaders(message, [secret], 5_000)['webhook-signature'];
    expect(signedHeaders(message, [young, old], 5_000)['webhook-signature']).toBe(`${by(young)} ${by(old)}`);
    expect(by(old)).not.toBe(by(young));
  });

  it('is made with secrets of 32 random bytes, and no two are the same', () => {
    const secrets = Array.from({ length: 20 }, drawSecret);
    expect(new Set(secrets).size).toBe(20);
    for (const secret of secrets) {
      expect(isSecret(secret)).toBe(true);
      expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32);
    }
  });

  it.each([
    ['without its prefix', Buffer.alloc(32).toString('base64')],
    ['too short', `whsec_${Buffer.alloc(23).toString('base64')}`],
    ['too long', `whsec_${Buffer.alloc(65).toString('base64')}`],
    ['no base64', `whsec_${'*'.repeat(44)}`],
    ['base64 that two decoders read differently', `whsec_${Buffer.alloc(32).toString('base64').replace('A=', 'B=')}`],
    ['with a line break behind it', `${drawSecret()}\n`],
  ])('is not made with a secret that is %s', (_, secret) => {
    expect(isSecret(secret)).toBe(false);
  });
});
