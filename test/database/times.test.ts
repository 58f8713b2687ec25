/** What our check takes PostgreSQL takes, and understands as we do (A1). */
import * as fc from 'fast-check';
import { Client } from 'pg';
import { connectClient } from '../../src/database/session.js';
import { parseTime, parseWrittenTime } from '../../src/database/times.js';
import { databaseUrl } from '../support/database.js';

let client: Client;

beforeAll(async () => {
  client = await connectClient({ connectionString: databaseUrl() });
});
afterAll(() => client?.end());

const twoDigits = (max: number) => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, '0'));
const year = fc.oneof(
  fc.integer({ min: 0, max: 9999 }).map((n) => String(n).padStart(4, '0')),
  fc.constantFrom('0000', '0001', '9999', '10000', '294276', '294277', '+2026', '-001', '-4713'),
);
const offset = fc.oneof(
  fc.constantFrom('Z', 'z', '', '+00', '+0000', ' UTC', '+15:59', '-15:59', '+16:00', '-23:59', '+24:00'),
  fc.tuple(fc.constantFrom('+', '-'), twoDigits(25), twoDigits(61)).map(([sign, h, m]) => `${sign}${h}:${m}`),
);
const fraction = fc.oneof(
  fc.constant(''),
  fc
    .string({ unit: fc.integer({ min: 0, max: 9 }).map(String), minLength: 0, maxLength: 14 })
    .map((digits) => `.${digits}`),
);

/** Dates and times near and beyond every edge of the calendar, and of RFC 3339. */
const times = fc
  .tuple(
    fc.tuple(year, twoDigits(13), twoDigits(32)).map((parts) => parts.join('-')),
    fc.constantFrom('T', 'T', 'T', 't', ' ', ''),
    fc.tuple(twoDigits(25), twoDigits(61), twoDigits(61)).map((parts) => parts.join(':')),
    fraction,
    offset,
  )
  .map((parts) => parts.join(''));

it('(A1) a time that is taken is one that PostgreSQL takes, at the same moment', async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        times,
        fc.date().map((date) => String(date.getTime())),
        fc.string(),
      ),
      async (text) => {
        const time = parseTime(text);
        if (time === undefined) return;
        taken += 1;
        // What is cut off beyond microseconds PostgreSQL would round; its own reading is within one of them.
        // Offsets that are wider than its own limit it refuses by itself: they are compared in UTC only.
        const wide = /[+-](1[6-9]|2\d):\d\d$/.test(text);
        const { rows } = await client.query<{ same: boolean }>(
          `SELECT abs(extract(epoch FROM $1::timestamptz) - extract(epoch FROM $2::timestamptz)) <= 0.000001 AS same`,
          [time, wide ? time : text],
        );
        expect(rows).toEqual([{ same: true }]);
      },
    ),
    { numRuns: 3_000 },
  );
  expect(taken).toBeGreaterThan(100);
});

it('(A1) every time that a JavaScript date writes in the years 1 to 9999 is taken, to the microsecond', () => {
  const span = {
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  };
  fc.assert(
    fc.property(fc.date(span), (date) => {
      expect(parseTime(date.toISOString())).toBe(date.toISOString().replace('Z', '000Z'));
    }),
  );
});

it.each([
  ['2026-01-31T10:00:00Z', '2026-01-31T10:00:00.000000Z'],
  ['2026-01-31T10:00:00.1234567+05:45', '2026-01-31T04:15:00.123456Z'],
  ['2024-02-29T23:30:00-01:00', '2024-03-01T00:30:00.000000Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
  ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
])('(A1) %s is taken as %s', (text, time) => expect(parseTime(text)).toBe(time));

it.each([
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00+00:01',
  '9999-12-31T23:59:59-00:01',
  '10000-01-01T00:00:00Z',
  '2026-02-29T00:00:00Z',
  '2026-01-31T24:00:00Z',
  '2026-06-30T23:59:60Z',
  '2026-01-31T10:00:00+24:00',
  '2026-01-31T10:00:00',
  '2026-01-31',
  'now',
  'infinity',
  '2026-01-31T10:00:00Z\u0000',
  '',
  '2026-13-01T00:00:00Z',
])('(A1) %j is no time', (text) => expect(parseTime(text)).toBeUndefined());

it('(A1) what PostgreSQL writes of a time is read as that time, in whatever zone it was written', async () => {
  const span = { min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true };
  await fc.assert(
    fc.asyncProperty(
      fc.date(span),
      fc.integer({ min: 0, max: 999_999 }),
      fc.constantFrom('UTC', '+05:45', '-12:00'),
      async (date, micros, zone) => {
        const time = `${date.toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}Z`;
        await client.query(`SET TIME ZONE '${zone === 'UTC' ? 'UTC' : zone}'`);
        const { rows } = await client.query<{ text: string }>('SELECT $1::timestamptz::text AS text', [time]);
        await client.query('SET TIME ZONE UTC');
        expect(parseWrittenTime(rows[0]?.text ?? '')).toBe(time);
      },
    ),
  );
});
