/** Cursors of lists that are sorted by time and id, newest first. */
import { InvalidCursorError } from './reader.js';

/** The last one of a page: its time as the database writes it, to the microsecond, and its id. */
export interface Mark {
  readonly time: string;
  readonly id: string;
}

export const cursorOf = ({ time, id }: Mark): string => Buffer.from(JSON.stringify([time, id])).toString('base64url');

/** @throws InvalidCursorError */
export function markOf(cursor: string | undefined): Mark | undefined {
  if (cursor === undefined) return undefined;
  try {
    const [time, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    if (typeof time === 'string' && typeof id === 'string' && !Number.isNaN(Date.parse(time))) return { time, id };
  } catch {
    // Not even JSON.
  }
  throw new InvalidCursorError('This cursor comes from no list');
}
