/** The end of a run: compensates all effects that stand, and names those that could not be compensated. */
import { inParallel } from '../platform/in-parallel.js';
import { reasonOf } from '../platform/reason.js';
import { show } from './expectations.js';
import type { ConformanceReport } from './options.js';
import type { Named, Play } from './play.js';

export async function cleanUp(play: Play): Promise<ConformanceReport['remaining']> {
  const ends = await inParallel(play.concurrency, mayStand(play.named).toSorted(), async (id) => {
    const why = await whyItStands(play, id).catch((error: unknown) => `no answer: ${reasonOf(error)}`);
    return why === undefined ? undefined : { id, why };
  });
  return ends.filter((end) => end !== undefined);
}

const mayStand = (named: Named): string[] => [...named].flatMap(([id, state]) => (state === 'mayStand' ? [id] : []));

/** For a participant that cannot be reached any more. */
export const notKnown = (named: Named): ConformanceReport['remaining'] =>
  mayStand(named).map((id) => ({ id, why: 'not known: the participant does not answer any more' }));

/** Compensates the effect; undefined if no effect is left, else the reason. */
async function whyItStands(play: Play, id: string): Promise<string | undefined> {
  const undone = await play.undo(id);
  if (undone.status === 200) return undefined;
  const probed = await play.probe(id);
  return probed.fields['effect'] === 'none' ? undefined : show(undone);
}
