/** Times that PostgreSQL accepts: only a time that was parsed here reaches a statement (A1). */

/** RFC 3339: full date and time, with `Z` or an offset. Ranges are checked by the calendar, not by the pattern. */
const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,12}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/** A timestamp as PostgreSQL writes it: `2026-01-31 10:00:00.123456+00`. */
const WRITTEN = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)([+-]\d{2})(:\d{2})?$/;

/**
 * An RFC 3339 time in UTC with microseconds, as `timestamptz` has them: `2026-01-31T10:00:00.123456Z`. Finer digits are
 * cut off. Undefined if there is no such time, or if it lies outside of the years 1 to 9999.
 */
export function parseTime(text: string): string | undefined {
  const match = RFC_3339.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const [fraction = '', sign = '+', offsetHours = '0', offsetMinutes = '0'] = match.slice(7);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // The 30th of February is the 2nd of March to JavaScript, and an error to PostgreSQL.
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1);
  date.setUTCHours(hour, minute - offset, second);
  const inUtc = date.getUTCFullYear();
  // PostgreSQL has no year 0, although some of its last hours are in year 1 by UTC.
  if (year < 1 || inUtc < 1 || inUtc > 9999) return undefined;
  return `${date.toISOString().slice(0, 19)}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
}

/** The same for a `timestamptz` that was read as text; cursors are made of them. */
export function parseWrittenTime(text: string): string | undefined {
  return parseTime(
    text.replace(WRITTEN, (_, date, time, hours, minutes = ':00') => `${date}T${time}${hours}${minutes}`),
  );
}
