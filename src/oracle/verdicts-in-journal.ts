/** The verdicts in the journal, for the oracle: reading them needs no worker, and they outlive Temporal's retention. */
import { openReader, type OpenReader } from '../journal/read/open-reader.js';
import type { StoredSaga } from '../journal/read/reader.js';
import type { KnownSaga } from './books.js';
import type { Money } from '../order.js';
import { SAGA_TYPE } from '../workflows/messages.js';
import type { Config } from '../config/config.js';
import { findJournal } from '../config/find-journal.js';
import type { KeptVerdicts } from './verdicts-in-temporal.js';

const AT_A_TIME = 500;
const ENDED = ['COMPLETED', 'FAILED', 'CANCELLED'] as const;

/**
 * The journal may be behind for an open order, and for one that waits for a missing event: Temporal is asked for
 * those.
 */
export function verdictIn(saga: StoredSaga): KnownSaga | undefined {
  const { sagaId, sagaType, state, waivers, deadLetters, data, behindGap } = saga;
  if (sagaType !== SAGA_TYPE) return { sagaId, otherType: sagaType };
  if (behindGap || !ENDED.some((ended) => ended === state)) return undefined;
  const total = data['total'] as Money | undefined;
  return { sagaId, state, waivers, deadLetters, ...(total && { total }) };
}

export const keptVerdicts = (reader: Pick<OpenReader, 'getSaga' | 'listSagas'>): KeptVerdicts => ({
  async all() {
    const sagas: KnownSaga[] = [];
    let cursor: string | undefined;
    do {
      const { items, next } = await reader.listSagas({}, { cursor, limit: AT_A_TIME });
      sagas.push(...items.map(verdictIn).filter((saga) => saga !== undefined));
      cursor = next ?? undefined;
    } while (cursor !== undefined);
    return sagas;
  },
  async of(sagaId) {
    const saga = await reader.getSaga(sagaId);
    return saga && verdictIn(saga);
  },
});

/** Undefined if the journal is away; Temporal is then asked for every saga. */
export async function openKeptVerdicts(
  config: Config,
): Promise<(KeptVerdicts & { close(): Promise<void> }) | undefined> {
  const target = await findJournal(config).catch(() => undefined);
  if (!target) return undefined;
  // Only ended sagas are read, so the orders are not needed.
  const reader = openReader({ ...target, orders: { list: async () => [] } });
  return { ...keptVerdicts(reader), close: () => reader.close() };
}
