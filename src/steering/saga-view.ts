import type { SagaView } from '../journal/read/reader.js';
import { JournalUnavailableError } from '../journal/tables/unavailable.js';
import { OrdersUnavailableError } from '../orders/store/unavailable.js';
import type { ApiDeps } from '../api/deps.js';

/** What the read model has heard of the saga itself; undefined while it has not, or is away. */
export async function viewOf({ journal }: Pick<ApiDeps, 'journal'>, sagaId: string): Promise<SagaView | undefined> {
  const view = await journal.getSaga(sagaId).catch((error: unknown) => {
    if (error instanceof JournalUnavailableError || error instanceof OrdersUnavailableError) return undefined;
    throw error;
  });
  return view && view.version > 0 ? view : undefined;
}
