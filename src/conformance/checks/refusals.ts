/** Definitive business answers: of actions, which are stored, and of compensations, which are not. */
import { NEEDS, undoable, type Check } from '../check.js';
import { expectAnswer, expectRefusal, expectStored, expectThat, given, NotReached, show } from '../expectations.js';
import type { Play } from '../play.js';

export const refused: Check = {
  name: 'refused',
  rule: 8,
  sentence: 'A refused action is answered 422 with a code.',
  needs: NEEDS.refusedBody,
  async run(play) {
    const { refusedBody = {} } = play.options;
    expectRefusal(await play.put(play.newId(), refusedBody), 422);
  },
};

export const refusalStored: Check = {
  name: 'refusal-stored',
  rule: 23,
  sentence:
    'A refusal is stored: the repeat gets it again, the probe says "refused", and the id takes no other content.',
  needs: NEEDS.refusedBody,
  assumes: ['refused', 'mismatch'],
  async run(play) {
    const { body, refusedBody = {} } = play.options;
    const id = play.newId();
    const first = await play.put(id, refusedBody);
    expectStored(await play.put(id, refusedBody), first);
    expectAnswer(await play.probe(id), 200, { status: 'refused', effect: 'none' });
    expectAnswer(await play.put(id, body), 409, { code: 'IdempotencyMismatch' });
  },
};

export const refusalKept: Check = {
  name: 'refusal-kept',
  rule: 23,
  sentence: 'A stored refusal stays although its reason is gone; another id is served.',
  needs: NEEDS.refuseAction,
  assumes: ['refusal-stored'],
  async run(play) {
    const { body, prepare = {} } = play.options;
    const id = play.newId();
    await play.prepare(prepare.refuseAction, id);
    const first = await play.put(id, body);
    if (first.status !== 422) throw new NotReached(`after refuseAction the action was answered ${show(first)}`);
    await play.prepare(prepare.allowAction, id);
    given(await play.put(play.newId(), body), 'another id, which should not be refused any more,');
    expectStored(await play.put(id, body), first);
  },
};

/** Applies an effect and arranges that its compensation is refused. */
async function refuseUndo(play: Play, id: string) {
  const { body, refusedUndoBody, prepare } = play.options;
  const applied = given(await play.put(id, refusedUndoBody ?? body), 'the action');
  if (refusedUndoBody === undefined) await play.prepare(prepare?.refuseUndo, id);
  return applied;
}

export const undoRefused: Check = {
  name: 'undo-refused',
  rule: 16,
  sentence: 'A compensation that is refused is answered 409 with a code, and the effect stands unchanged.',
  needs: NEEDS.refusedUndo,
  applies: undoable,
  assumes: ['repeat', 'probe'],
  async run(play) {
    const { body, refusedUndoBody } = play.options;
    const id = play.newId();
    const first = await refuseUndo(play, id);
    const before = await play.books(id);
    expectRefusal(await play.undo(id), 409);
    await play.expectBooks(id, before);
    expectAnswer(await play.probe(id), 200, { status: 'applied', effect: 'applied' });
    expectStored(await play.put(id, refusedUndoBody ?? body), first);
  },
};

export const undoAfresh: Check = {
  name: 'undo-afresh',
  rule: 16,
  sentence: 'The refusal of a compensation is not stored: a later compensation is judged afresh.',
  needs: NEEDS.allowedUndo,
  applies: undoable,
  assumes: ['undo', 'undo-refused'],
  async run(play) {
    const { body, prepare = {} } = play.options;
    const id = play.newId();
    given(await play.put(id, body), 'the action');
    await play.prepare(prepare.refuseUndo, id);
    const refusal = await play.undo(id);
    if (refusal.status !== 409) throw new NotReached(`after refuseUndo the compensation was answered ${show(refusal)}`);
    await play.prepare(prepare.allowUndo, id);
    expectAnswer(await play.undo(id), 200, { status: 'undone', effect: 'none' });
  },
};

export const problemForm: Check = {
  name: 'problem-form',
  rule: 8,
  sentence: 'What is not applied is a problem document: application/problem+json with type, title, status and code.',
  needs: NEEDS.problem,
  assumes: ['refused'],
  async run(play) {
    const { body, otherBody, refusedBody } = play.options;
    const problems = [];
    const id = play.newId();
    given(await play.put(id, body), 'the action');
    if (otherBody !== undefined) problems.push(await play.put(id, otherBody));
    if (refusedBody !== undefined) problems.push(await play.put(play.newId(), refusedBody));
    if (undoable(play.options)) {
      given(await play.undo(id), 'the compensation');
      problems.push(await play.put(id, body));
    }
    for (const problem of problems.filter(({ status }) => status >= 400)) {
      const { type, title, status, code } = problem.fields;
      expectThat(
        /^application\/problem\+json\b/i.test(problem.contentType),
        'the content type application/problem+json',
        problem,
        problem.contentType,
      );
      const isWhole = [type, title, code].every((text) => typeof text === 'string' && text !== '');
      expectThat(
        isWhole && status === problem.status,
        `type, title, code and the status ${problem.status} in it`,
        problem,
      );
    }
  },
};
