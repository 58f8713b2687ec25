/** Actions and their repeats, and the probe. */
import { inOtherBytes } from '../body.js';
import { NEEDS, undoable, type Check } from '../check.js';
import { expectAnswer, expectStored, expectThat, given } from '../expectations.js';

export const applied: Check = {
  name: 'applied',
  rule: 19,
  sentence: 'An action is answered 200 with the id that the caller chose, status "applied" and effect "applied".',
  async run(play) {
    const id = play.newId();
    expectAnswer(await play.put(id, play.options.body), 200, { id, status: 'applied', effect: 'applied' });
  },
};

export const probeApplied: Check = {
  name: 'probe',
  rule: 9,
  sentence: 'The probe of an applied effect answers 200 with status "applied" and effect "applied".',
  async run(play) {
    const id = play.newId();
    given(await play.put(id, play.options.body), 'the action');
    expectAnswer(await play.probe(id), 200, { id, status: 'applied', effect: 'applied' });
  },
};

export const probeUnknown: Check = {
  name: 'probe-unknown',
  rule: 9,
  sentence: 'The probe of an id that was never named answers 200, "none" and "none", and leaves no trace.',
  async run(play) {
    const id = play.newId();
    const before = await play.books(id);
    expectAnswer(await play.probe(id), 200, { id, status: 'none', effect: 'none' });
    await play.expectBooks(id, before);
    const late = await play.put(id, play.options.body);
    expectThat(late.status < 300, 'the action to be applied as if the probe had not been made', late);
  },
};

export const repeat: Check = {
  name: 'repeat',
  rule: 23,
  sentence: 'A repeated action gets the stored answer and has no second effect.',
  async run(play) {
    const id = play.newId();
    const first = given(await play.put(id, play.options.body), 'the action');
    const before = await play.books(id);
    expectStored(await play.put(id, play.options.body), first);
    await play.expectBooks(id, before);
  },
};

export const otherBytes: Check = {
  name: 'other-bytes',
  rule: 23,
  sentence: 'The same content in other bytes (white space, order of members) is the same request.',
  assumes: ['repeat'],
  async run(play) {
    const id = play.newId();
    const first = given(await play.put(id, play.options.body), 'the action');
    expectStored(await play.putText(id, inOtherBytes(play.options.body, id)), first);
  },
};

export const mismatch: Check = {
  name: 'mismatch',
  rule: 23,
  sentence: 'Other content under a known id is refused with 409 IdempotencyMismatch, and changes nothing.',
  needs: NEEDS.otherBody,
  assumes: ['repeat'],
  async run(play) {
    const { body, otherBody = {} } = play.options;
    const id = play.newId();
    const first = given(await play.put(id, body), 'the action');
    const before = await play.books(id);
    expectAnswer(await play.put(id, otherBody), 409, { code: 'IdempotencyMismatch' });
    await play.expectBooks(id, before);
    expectStored(await play.put(id, body), first);
  },
};

export const unreadable: Check = {
  name: 'unreadable',
  rule: 8,
  sentence: 'A body that cannot be read is answered 4xx and leaves no trace: the repaired request is applied.',
  async run(play) {
    const id = play.newId();
    const answer = await play.putText(id, '{"broken": ');
    expectThat(answer.status >= 400 && answer.status < 500 && answer.status !== 410, '400, or another 4xx', answer);
    const repaired = await play.put(id, play.options.body);
    expectThat(repaired.status < 300, 'the repaired request to be applied', repaired);
  },
};

export const cannotUndo: Check = {
  name: 'cannot-undo',
  rule: 5,
  sentence: 'A participant that can take nothing back answers 405 to a compensation, and the effect stands.',
  applies: (options) => !undoable(options),
  assumes: ['probe'],
  async run(play) {
    const id = play.newId();
    given(await play.put(id, play.options.body), 'the action');
    const answer = await play.undo(id);
    expectThat(answer.status === 405, '405', answer);
    expectAnswer(await play.probe(id), 200, { effect: 'applied' });
  },
};
