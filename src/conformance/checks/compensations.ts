/** Compensations of an effect that stands, of a refused action, and of an id that was never applied. */
import { NEEDS, undoable, type Check } from '../check.js';
import { expectAnswer, expectStored, expectThat, given } from '../expectations.js';

const gone = { code: 'AlreadyCancelled' };

export const undo: Check = {
  name: 'undo',
  rule: 22,
  sentence: 'The compensation of an applied effect is answered 200 with status "undone"; the probe says so, too.',
  applies: undoable,
  assumes: ['probe'],
  async run(play) {
    const id = play.newId();
    given(await play.put(id, play.options.body), 'the action');
    expectAnswer(await play.undo(id), 200, { id, status: 'undone', effect: 'none' });
    expectAnswer(await play.probe(id), 200, { id, status: 'undone', effect: 'none' });
  },
};

export const undoRepeat: Check = {
  name: 'undo-repeat',
  rule: 22,
  sentence: 'A repeated compensation gets the same answer and undoes nothing more.',
  applies: undoable,
  assumes: ['undo'],
  async run(play) {
    const id = play.newId();
    given(await play.put(id, play.options.body), 'the action');
    const first = await play.undo(id);
    const before = await play.books(id);
    expectStored(await play.undo(id), first);
    await play.expectBooks(id, before);
  },
};

export const undoneFinal: Check = {
  name: 'undone-final',
  rule: 20,
  sentence:
    'An action that comes after its compensation is refused with 410 AlreadyCancelled, with the same content or another.',
  applies: undoable,
  assumes: ['undo'],
  async run(play) {
    const { body, otherBody = body } = play.options;
    const id = play.newId();
    given(await play.put(id, body), 'the action');
    given(await play.undo(id), 'the compensation');
    const before = await play.books(id);
    expectAnswer(await play.put(id, body), 410, gone);
    expectAnswer(await play.put(id, otherBody), 410, gone);
    await play.expectBooks(id, before);
  },
};

export const tombstone: Check = {
  name: 'tombstone',
  rule: 20,
  sentence:
    'The compensation of what never happened succeeds as "fenced"; the action that comes after it is refused with 410.',
  applies: undoable,
  assumes: ['probe'],
  async run(play) {
    const id = play.newId();
    expectAnswer(await play.undo(id), 200, { id, status: 'fenced', effect: 'none' });
    expectAnswer(await play.put(id, play.options.body), 410, gone);
    expectAnswer(await play.probe(id), 200, { status: 'fenced', effect: 'none' });
  },
};

export const tombstoneRepeat: Check = {
  name: 'tombstone-repeat',
  rule: 20,
  sentence: 'A repeated compensation of what never happened gets the same answer.',
  applies: undoable,
  assumes: ['tombstone'],
  async run(play) {
    const id = play.newId();
    const first = given(await play.undo(id), 'the compensation');
    expectStored(await play.undo(id), first);
  },
};

export const undoOfRefused: Check = {
  name: 'undo-of-refused',
  rule: 20,
  sentence:
    'The compensation of a refused action succeeds as "fenced", and the action is refused with 410 from then on.',
  needs: NEEDS.refusedBody,
  applies: undoable,
  assumes: ['refused', 'tombstone'],
  async run(play) {
    const { refusedBody = {} } = play.options;
    const id = play.newId();
    await play.put(id, refusedBody);
    expectAnswer(await play.undo(id), 200, { id, status: 'fenced', effect: 'none' });
    expectAnswer(await play.put(id, refusedBody), 410, gone);
  },
};

export const neighbours: Check = {
  name: 'neighbours',
  rule: 22,
  sentence: 'A compensation leaves the effects of other ids alone.',
  applies: undoable,
  assumes: ['undo'],
  async run(play) {
    const [id, neighbour] = [play.newId(), play.newId()];
    for (const each of [neighbour, id]) given(await play.put(each, play.options.body), 'the action');
    const before = await play.books(neighbour);
    given(await play.undo(id), 'the compensation');
    expectAnswer(await play.probe(neighbour), 200, { status: 'applied', effect: 'applied' });
    await play.expectBooks(neighbour, before);
  },
};

export const staysUndone: Check = {
  name: 'stays-undone',
  rule: 20,
  sentence: 'What was undone or fenced in this run has no effect at its end: nothing was applied later.',
  applies: undoable,
  assumes: ['undo', 'undone-final', 'tombstone', 'undo-of-refused', 'race', 'overtaken'],
  async run(play) {
    const ended = [...play.named].flatMap(([id, state]) => (state === 'ended' ? [id] : []));
    for (const id of ended) {
      const answer = await play.probe(id);
      expectThat(answer.fields['effect'] === 'none', 'effect "none"', answer);
    }
  },
};
