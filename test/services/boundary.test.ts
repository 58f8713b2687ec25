/** Whatever is sent to a service, nothing that PostgreSQL refuses reaches it (A1): 400, or a business answer; never a 500. */
import * as fc from 'fast-check';
import { PARTICIPANTS, type ParticipantCase } from './participants.js';
import { run, type Answer, type RunningService } from './running-service.js';

const percent = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

const NASTY = [
  '',
  '0',
  '1',
  '-1',
  '500',
  '501',
  '1e2',
  'applied',
  'x',
  'a\u0000b',
  '\u0000',
  '\ufffd',
  '\u{1f4a9}',
  '__proto__',
  'x'.repeat(100),
  'x'.repeat(101),
  '..',
  'a/b',
  "'; DROP TABLE effects; --",
  '%',
  '\\',
  'null',
  ...['a\u0000b', 'ä'.repeat(100), '\u{10ffff}'.repeat(50), 'order-1', '\ufffe'].map((id) =>
    Buffer.from(id).toString('base64url'),
  ),
  Buffer.from([0xff, 0xfe]).toString('base64url'),
  Buffer.from([0xed, 0xa0, 0x80]).toString('base64url'),
];

const sent = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NASTY).map(encodeURIComponent) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }).map((text) => percent(Buffer.from(text))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map(percent) },
);

const texts = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)), maxLength: 12 }),
  fc.constantFrom('\u0000', '\ud800', 'a\udfff', '\u{10ffff}', '', ' ', 'x'.repeat(300), '123', 'EUR', 'AT'),
);
const numbers = fc.oneof(
  fc.constantFrom(0, 1, -1, 0.5, 1e6, 1e6 + 1, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 1e308, -(2 ** 53)),
  fc.integer(),
  fc.double(),
);

/** The body of a right request, with some of its values exchanged for others of the same or another kind. */
function changed(value: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(value)) return fc.tuple(...value.map(changed));
  if (typeof value === 'object' && value !== null) {
    return fc.record(Object.fromEntries(Object.entries(value).map(([key, each]) => [key, changed(each)])));
  }
  const alike = typeof value === 'number' ? numbers : texts;
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(value) },
    { weight: 3, arbitrary: alike },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) },
  );
}

const isKnown = ({ status, body }: Answer): boolean =>
  [200, 400, 404, 409, 410, 422].includes(status) && (status === 200 || typeof body['code'] === 'string');

describe.each(PARTICIPANTS)('the $name service', (participant: ParticipantCase) => {
  let service: RunningService;
  beforeAll(async () => {
    service = await run(participant.open);
    if (participant.name === 'inventory') {
      await service.sql(`INSERT INTO products VALUES ('pen', 'Pen', 300, 'EUR', 1000, 1000, 0)`);
    }
  });
  afterAll(() => service?.stop());

  it('(A1) answers any body of a PUT, and reads what it has applied back as it was sent', async () => {
    const put = async (body: unknown, id: string): Promise<Answer> => {
      const path = `/api/${participant.collection}/${id}${participant.idEnd}`;
      const answer = await service.call('PUT', path, body);
      expect(isKnown(answer)).toBe(true);
      if (answer.status !== 200) return answer;
      const { body: found } = await service.call('GET', path);
      expect(found['orderId']).toBe((body as { orderId: unknown }).orderId);
      return answer;
    };
    const orderIds = fc.oneof(fc.constantFrom('0', 'x'.repeat(64), 'o_-9'), fc.stringMatching(/^[A-Za-z0-9]{1,20}$/));
    await fc.assert(
      fc.asyncProperty(orderIds, fc.uuid(), async (orderId, id) => {
        expect([orderId, (await put({ ...participant.body, orderId }, id)).status]).toEqual([orderId, 200]);
      }),
      { numRuns: 20 },
    );
    await fc.assert(
      fc.asyncProperty(changed(participant.body), fc.uuid(), async (body, id) => void (await put(body, id))),
      { numRuns: 280 },
    );
  });

  it('(A1) answers any path and any query', async () => {
    const collections = ['/api/products', `/api/${participant.collection}`];
    for (const value of NASTY) {
      for (const name of ['orderId', 'effect', 'cursor', 'limit', 'other']) {
        const answer = await service.call('GET', `${collections[1]}?${name}=${encodeURIComponent(value)}`);
        expect([name, value, isKnown(answer)]).toEqual([name, value, true]);
      }
    }
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...collections), sent, sent, async (collection, value, other) => {
        expect(isKnown(await service.call('GET', `${collection}/${value}`))).toBe(true);
        expect(isKnown(await service.call('GET', `${collection}?cursor=${value}&limit=${other}`))).toBe(true);
        const path = `/api/${participant.collection}/${value}`;
        const answer = await service.call('DELETE', path);
        expect(isKnown(answer) || answer.status === 405).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('(A1) arms any fault that it takes, and disarms it', async () => {
    const fault = { mode: 'delay', times: 1, delayMs: 10, operation: 'GET' };
    await fc.assert(
      fc.asyncProperty(changed(fault), async (body) => {
        expect([200, 400]).toContain((await service.call('POST', '/api/test/fail-next-request', body)).status);
        expect((await service.call('DELETE', '/api/test/faults')).status).toBe(200);
      }),
      { numRuns: 200 },
    );
  });
});
