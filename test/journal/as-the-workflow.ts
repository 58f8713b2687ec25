/** Rule 31: what is stored of a saga is what its workflow says of itself, to the last entry. */
import { eventOfData } from '../../src/journal/tables/event-row.js';
import { eventually } from '../support/eventually.js';
import type { Shop } from '../workflows/shop.js';

export async function expectAsTheWorkflow(shop: Shop, sagaId: string): Promise<void> {
  const [journal, record] = [await shop.journalOf(sagaId), await shop.recordOf(sagaId)];
  const last = journal.at(-1)?.seq ?? 0;
  // What a run that was continued as new had said before, the present one does not tell.
  const first = journal[0]?.seq ?? 1;
  const stored = await eventually(`event ${last} of ${sagaId}`, 10_000, async () => {
    const events = (await shop.journal.events(sagaId)).filter(({ seq }) => seq > 0);
    return (events.at(-1)?.seq ?? 0) >= last && events;
  });
  expect(stored.map(({ seq }) => seq)).toEqual(Array.from({ length: last }, (_, index) => index + 1));
  expect(
    stored.slice(first - 1).map(({ seq, at, type, data }) => ({ seq, at, name: type, event: eventOfData(data) })),
  ).toEqual(journal);
  const { version, branch, behindGap, asOf, ...row } = (await shop.journal.reader.getSaga(sagaId)) ?? {};
  expect(row).toEqual(JSON.parse(JSON.stringify(record)));
  expect({ version, behindGap }).toEqual({ version: last, behindGap: false });
  expect([typeof branch, typeof asOf]).toEqual(['number', 'string']);
}
