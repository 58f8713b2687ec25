/** The end of a run: compensates all effects that stand, and names those that could not be compensated. */
import { atOnce } from './at-once.js';
import { show } from './expectations.js';
import type { ConformanceReport } from './options.js';
import type { Named, Play } from './play.js';

export async function cleanUp(play: Play): Promise<ConformanceReport['remaining']> {
  const left = mayStand(play.named);
  const remaining: ConformanceReport['remaining'][number][] = [];
  await atOnce(play.concurrency, async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      const why = await whyItStands(play, id).catch((error: unknown) => `no answer: ${String(error)}`);
      if (why !== undefined) remaining.push({ id, why });
    }
  });
  return remaining.toSorted((one, other) => (one.id < other.id ? -1 : 1));
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
