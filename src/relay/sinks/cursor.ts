/** How far a sink has got: the transaction that confirmed an event, and the event's position. Kept as decimal text. */
export interface Cursor {
  readonly txid: string;
  readonly position: string;
}

/** Before the first event. */
export const START: Cursor = { txid: '0', position: '0' };

/** Negative where `a` comes before `b`. */
export function compareCursors(a: Cursor, b: Cursor): number {
  const [left, right] = a.txid === b.txid ? [BigInt(a.position), BigInt(b.position)] : [BigInt(a.txid), BigInt(b.txid)];
  return left < right ? -1 : Number(left > right);
}

export const writeCursor = ({ txid, position }: Cursor): string => `${txid}/${position}`;

/** What is no cursor, or not there, is the start. */
export function readCursor(text: string | null | undefined): Cursor {
  const [, txid, position] = /^(\d{1,20})\/(\d{1,19})$/.exec(text ?? '') ?? [];
  return txid === undefined || position === undefined ? START : { txid, position };
}

export const earlier = (a: Cursor, b: Cursor): Cursor => (compareCursors(a, b) < 0 ? a : b);
