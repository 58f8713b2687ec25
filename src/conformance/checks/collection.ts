/** The list of effects, by which an audit finds those that no saga owns. */
import { NEEDS, undoable, type Check } from '../check.js';
import { expectThat, given, NotReached } from '../expectations.js';
import type { Play } from '../play.js';

/** The most pages that a check reads. */
const PAGES = 50;

export const listed: Check = {
  name: 'listed',
  rule: 34,
  sentence: 'The collection lists an effect once while it stands, and not among the applied ones afterwards.',
  needs: NEEDS.orderId,
  applies: ({ without = [] }) => !without.includes('collection'),
  assumes: ['undo'],
  async run(play) {
    const id = play.newId();
    given(await play.put(id, play.options.body), 'the action');
    await expectListed(play, id, 1);
    if (!undoable(play.options)) return;
    given(await play.undo(id), 'the compensation');
    await expectListed(play, id, 0);
  },
};

/** Expects the id so many times among the applied effects of the body's order. */
async function expectListed(play: Play, id: string, expected: 0 | 1): Promise<void> {
  const orderId = String(play.options.body['orderId']).replaceAll('{id}', id);
  let times = 0;
  let cursor: unknown;
  for (let pages = 0; pages < PAGES; pages++) {
    const page = await play.list({ orderId, effect: 'applied', ...(typeof cursor === 'string' && { cursor }) });
    const { items, nextCursor = null } = page.fields;
    expectThat(page.status === 200 && Array.isArray(items), '200 with {"items": […], "nextCursor": …}', page);
    if (Array.isArray(items)) times += items.filter((item) => Object(item)['id'] === id).length;
    cursor = nextCursor;
    if (cursor !== null) continue;
    expectThat(times === expected, `${id} to be listed ${expected} times`, page, `${times} times`);
    return;
  }
  throw new NotReached(`the order has more than ${PAGES} pages of effects: use {id} in the orderId of --body`);
}
