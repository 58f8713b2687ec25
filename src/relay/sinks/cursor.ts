/**
 * The place of a sink in the journal: the transaction that confirmed an event, and the event's position. Kept as
 * decimal text.
 */
export interface Cursor {
  readonly txid: string;
  readonly position: string;
}

/** Before the first event. */
export const START: Cursor = { txid: '0', position: '0' };

/** Negative if `a` is before `b`. */
export function compareCursors(a: Cursor, b: Cursor): number {
  const [left, right] = a.txid === b.txid ? [BigInt(a.position), BigInt(b.position)] : [BigInt(a.txid), BigInt(b.txid)];
  return left < right ? -1 : Number(left > right);
}

export const writeCursor = ({ txid, position }: Cursor): string => `${txid}/${position}`;

/** A missing or unreadable cursor counts as the start. */
export function readCursor(text: string | null | undefined): Cursor {
  const [, txid, position] = /^(\d{1,20})\/(\d{1,19})$/.exec(text ?? '') ?? [];
  return txid === undefined || position === undefined ? START : { txid, position };
}

export const earlier = (a: Cursor, b: Cursor): Cursor => (compareCursors(a, b) < 0 ? a : b);
