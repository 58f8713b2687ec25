/** Cursors of lists that are sorted by time and id, newest first. */
import { parseWrittenTime } from '../../platform/database/times.js';
import { InvalidCursorError } from './reader.js';

/** The last one of a page: its time as the database writes it, to the microsecond, and its id. */
export interface Mark {
  readonly time: string;
  readonly id: string;
}

/** The characters of ids of sagas and orders, and a length that exceeds all of them. */
const ID = /^[!-~]{1,200}$/;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const cursorOf = ({ time, id }: Mark): string => Buffer.from(JSON.stringify([time, id])).toString('base64url');

/** A mark that can be compared in SQL. @throws InvalidCursorError */
export function markOf(cursor: string | undefined): Mark | undefined {
  if (cursor === undefined) return undefined;
  try {
    const content: unknown = JSON.parse(utf8.decode(Buffer.from(cursor, 'base64url')));
    const [written, id, ...more] = Array.isArray(content) ? (content as unknown[]) : [];
    const time = typeof written === 'string' ? parseWrittenTime(written) : undefined;
    if (time !== undefined && typeof id === 'string' && ID.test(id) && more.length === 0) return { time, id };
  } catch {
    // Not even JSON.
  }
  throw new InvalidCursorError('This cursor comes from no list');
}
