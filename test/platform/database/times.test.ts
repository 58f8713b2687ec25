/** What our check takes PostgreSQL takes, and understands as we do (A1). */
import * as fc from 'fast-check';
import { Client, DatabaseError } from 'pg';
import { connectClient } from '../../../src/platform/database/session.js';
import { parseTime, parseWrittenTime } from '../../../src/platform/database/times.js';
import { databaseUrl } from '../../support/database.js';

let client: Client;

beforeAll(async () => {
  client = await connectClient({ connectionString: databaseUrl() });
});
afterAll(() => client?.end());

const twoDigits = (min: number, max: number) => fc.integer({ min, max }).map((n) => String(n).padStart(2, '0'));
const year = fc.oneof(
  fc.integer({ min: 0, max: 9999 }).map((n) => String(n).padStart(4, '0')),
  fc.constantFrom('0000', '0001', '9999'),
);
const digits = (maxLength: number) =>
  fc.string({ unit: fc.integer({ min: 0, max: 9 }).map(String), minLength: 1, maxLength });
const optional = (text: fc.Arbitrary<string>) => fc.oneof(fc.constant(''), text);
const joined = (separator: string, ...parts: readonly fc.Arbitrary<string>[]) =>
  fc.tuple(...parts).map((texts) => texts.join(separator));

/** Within the offsets that PostgreSQL takes; RFC 3339 goes up to 23:59. */
const offset = fc.oneof(
  fc.constantFrom('Z', '+15:59', '-15:59', '+00:00', '-00:00'),
  joined('', fc.constantFrom('+', '-'), joined(':', twoDigits(0, 15), twoDigits(0, 59))),
);

/** Each has the form of RFC 3339; whether there is such a day, in such a year, is for the calendar to say. */
const wellFormed = joined(
  '',
  joined('-', year, twoDigits(0, 13), twoDigits(0, 32)),
  fc.constant('T'),
  joined(':', twoDigits(0, 23), twoDigits(0, 59), twoDigits(0, 59)),
  optional(digits(12).map((text) => `.${text}`)),
  offset,
);

/** Dates and times near and beyond every edge of the calendar, and of RFC 3339. */
const times = joined(
  '',
  joined(
    '-',
    fc.oneof(year, fc.constantFrom('10000', '294276', '294277', '+2026', '-001', '-4713')),
    twoDigits(0, 13),
    twoDigits(0, 32),
  ),
  fc.constantFrom('T', 'T', 'T', 't', ' ', ''),
  joined(':', twoDigits(0, 25), twoDigits(0, 61), twoDigits(0, 61)),
  optional(optional(digits(14)).map((text) => `.${text}`)),
  fc.oneof(
    offset,
    fc.constantFrom('z', '', '+00', '+0000', ' UTC', '+16:00', '-23:59', '+24:00'),
    joined('', fc.constantFrom('+', '-'), joined(':', twoDigits(0, 25), twoDigits(0, 61))),
  ),
);

/**
 * The moment that PostgreSQL reads, if it takes the text and the year in UTC is one from 1 to 9999. Digits beyond
 * microseconds are cut off, as parseTime does; PostgreSQL would round them.
 */
async function readByPostgres(text: string): Promise<string | undefined> {
  try {
    const { rows } = await client.query<{ epoch: string; known: boolean }>(
      `SELECT extract(epoch FROM at)::text AS epoch, extract(year FROM at) BETWEEN 1 AND 9999 AS known
       FROM (SELECT $1::timestamptz AS at) read`,
      [text.replace(/(\.\d{6})\d+/, '$1')],
    );
    return rows[0]?.known ? rows[0].epoch : undefined;
  } catch (error) {
    // Class 22: it is no time. Anything else is no answer.
    if (error instanceof DatabaseError && error.code?.startsWith('22')) return undefined;
    throw error;
  }
}

it('(A1) a text in the form of RFC 3339 is taken exactly if PostgreSQL takes it, at the same moment', async () => {
  await fc.assert(
    fc.asyncProperty(wellFormed, async (text) => {
      const time = parseTime(text);
      const taken = time === undefined ? undefined : await readByPostgres(time);
      expect([text, taken]).toEqual([text, await readByPostgres(text)]);
    }),
    { numRuns: 2_000 },
  );
});

it('(A1) every time of RFC 3339 in the years 1 to 9999 is taken, at the moment that PostgreSQL reads', async () => {
  const span = { min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true };
  await fc.assert(
    fc.asyncProperty(fc.date(span), optional(digits(12)), offset, async (date, fraction, zone) => {
      const text = `${date.toISOString().slice(0, 19)}${fraction && `.${fraction}`}${zone}`;
      const time = parseTime(text);
      expect([text, time]).toEqual([text, expect.any(String)]);
      expect([text, await readByPostgres(time ?? '')]).toEqual([text, await readByPostgres(text)]);
    }),
    { numRuns: 500 },
  );
});

it('(A1) a text of any form that is taken is one that PostgreSQL takes, at the same moment', async () => {
  const timestamps = fc.date().map((date) => String(date.getTime()));
  await fc.assert(
    fc.asyncProperty(fc.oneof(times, wellFormed, timestamps, fc.string()), async (text) => {
      const time = parseTime(text);
      if (time === undefined) return;
      const read = await readByPostgres(time);
      expect([text, read]).toEqual([text, expect.any(String)]);
      // Offsets that are wider than its own limit PostgreSQL refuses: such a text is compared in UTC only.
      const wide = /[+-](1[6-9]|2\d):\d\d$/.test(text);
      if (!wide) expect([text, read]).toEqual([text, await readByPostgres(text)]);
    }),
    { numRuns: 3_000 },
  );
});

it.each(['+16:00', '-16:00', '+23:59', '-23:59'])(
  '(A1) an offset of %s, which is wider than those of PostgreSQL, is taken as the moment that it means',
  (zone) => {
    const hours = Number(zone.slice(0, 3)) + Number(`${zone[0]}${zone.slice(4)}`) / 60;
    const meant = new Date(Date.UTC(2026, 0, 15, 12) - hours * 3_600_000).toISOString();
    expect(parseTime(`2026-01-15T12:00:00${zone}`)).toBe(meant.replace('Z', '000Z'));
  },
);

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
  '0000-12-31T23:59:00-00:01',
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

it('(A1) a time as PostgreSQL writes it is read as that time, in any time zone', async () => {
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
