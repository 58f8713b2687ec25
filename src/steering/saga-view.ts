import type { SagaView } from '../journal/read/reader.js';
import { JournalUnavailableError } from '../journal/tables/unavailable.js';
import { OrdersUnavailableError } from '../orders/store/unavailable.js';
import type { ApiDeps } from '../api/deps.js';

/** The saga in the read model; undefined if it is not there, or if the read model is away. */
export async function viewOf({ journal }: Pick<ApiDeps, 'journal'>, sagaId: string): Promise<SagaView | undefined> {
  const view = await journal.getSaga(sagaId).catch((error: unknown) => {
    if (error instanceof JournalUnavailableError || error instanceof OrdersUnavailableError) return undefined;
    throw error;
  });
  return view && view.version > 0 ? view : undefined;
}
