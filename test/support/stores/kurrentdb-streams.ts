/** The streams of the KurrentDB stand-in, kept in a file: what was acknowledged is there after a SIGKILL. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  /** Base64. */
  readonly data: string;
  readonly metadata: string;
  readonly createdAt: number;
}

/** What a client says of the revision that it expects. */
export type Expected = bigint | 'any' | 'noStream' | 'streamExists';

export type Appended =
  | { readonly outcome: 'appended'; readonly revision: bigint }
  | { readonly outcome: 'conflict'; readonly revision: bigint | undefined }
  | { readonly outcome: 'deleted' | 'tooLarge' };

export interface Streams {
  append(stream: string, expected: Expected, events: readonly StoredEvent[]): Appended;
  /** Undefined where there is no such stream. */
  read(stream: string): readonly StoredEvent[] | undefined;
  isDeleted(stream: string): boolean;
  tombstone(stream: string): void;
}

interface Line {
  readonly stream: string;
  /** Null is its tombstone. */
  readonly events: readonly StoredEvent[] | null;
}

export function openStreams(file: string, largestAppend: number): Streams {
  const streams = new Map<string, StoredEvent[]>();
  const deleted = new Set<string>();
  const take = ({ stream, events }: Line): void => {
    if (events === null) deleted.add(stream);
    else if (streams.get(stream)?.push(...events) === undefined) streams.set(stream, [...events]);
  };
  const store = (line: Line): void => {
    appendFileSync(file, `${JSON.stringify(line)}\n`);
    take(line);
  };
  if (existsSync(file)) {
    const lines = readFileSync(file, 'utf8').split('\n');
    // The last one may be half there: it was not acknowledged.
    for (const line of lines.slice(0, -1)) take(JSON.parse(line) as Line);
  }
  return {
    append(stream, expected, events) {
      if (deleted.has(stream)) return { outcome: 'deleted' };
      if (events.reduce((sum, { data }) => sum + data.length, 0) > largestAppend) return { outcome: 'tooLarge' };
      const there = streams.get(stream);
      const revision = there && BigInt(there.length - 1);
      if (!isMet(expected, revision)) {
        return isRepeated(there ?? [], expected, events)
          ? { outcome: 'appended', revision: firstOf(expected) + BigInt(events.length) - 1n }
          : { outcome: 'conflict', revision };
      }
      store({ stream, events });
      return { outcome: 'appended', revision: (revision ?? -1n) + BigInt(events.length) };
    },
    read: (stream) => streams.get(stream),
    isDeleted: (stream) => deleted.has(stream),
    tombstone: (stream) => store({ stream, events: null }),
  };
}

function isMet(expected: Expected, revision: bigint | undefined): boolean {
  if (expected === 'any') return true;
  if (expected === 'streamExists') return revision !== undefined;
  return expected === 'noStream' ? revision === undefined : revision === expected;
}

const firstOf = (expected: Expected): bigint => (typeof expected === 'bigint' ? expected + 1n : 0n);

/** As the real server: what was appended just there by the same ids is acknowledged once more. */
function isRepeated(there: readonly StoredEvent[], expected: Expected, events: readonly StoredEvent[]): boolean {
  if (expected === 'any' || expected === 'streamExists') return false;
  const first = Number(firstOf(expected));
  return events.every(({ id }, index) => there[first + index]?.id === id);
}
