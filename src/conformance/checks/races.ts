/** Calls of one id at the same time: they are judged one after the other. */
import { setTimeout as pause } from 'node:timers/promises';
import { atOnce } from '../at-once.js';
import type { Answer } from '../caller.js';
import { NEEDS, undoable, type Check } from '../check.js';
import { expectStored, expectThat, given, show } from '../expectations.js';

export const actionsAtOnce: Check = {
  name: 'actions-at-once',
  rule: 19,
  sentence: 'Equal actions at once have one effect and one answer.',
  assumes: ['repeat'],
  async run(play) {
    const id = play.newId();
    const [first, ...others] = await atOnce(play.concurrency, () => play.put(id, play.options.body));
    if (first === undefined) return;
    expectThat(first.status < 300, '200', first);
    for (const other of others) expectStored(other, first);
  },
};

export const contentsAtOnce: Check = {
  name: 'contents-at-once',
  rule: 23,
  sentence:
    'Of two contents under one id at once one is decided, and the other is refused with 409 IdempotencyMismatch.',
  needs: NEEDS.otherBody,
  assumes: ['mismatch', 'actions-at-once'],
  async run(play) {
    const { body, otherBody = {} } = play.options;
    const id = play.newId();
    const answers = await atOnce(play.concurrency, async (index) => {
      const answer = await play.put(id, index % 2 === 0 ? body : otherBody);
      return { answer, isOther: index % 2 === 1 };
    });
    const isMismatch = ({ status, fields }: Answer): boolean =>
      status === 409 && fields['code'] === 'IdempotencyMismatch';
    const otherWon = answers.some(({ answer, isOther }) => isOther && !isMismatch(answer));
    for (const { answer, isOther } of answers) {
      const what = isOther ? '--other-body' : '--body';
      if (isOther === otherWon)
        expectThat(!isMismatch(answer), `the decision for ${what}, as its equals got it`, answer);
      else
        expectThat(isMismatch(answer), `409 IdempotencyMismatch for ${what}, as the other content was decided`, answer);
    }
  },
};

export const undosAtOnce: Check = {
  name: 'undos-at-once',
  rule: 22,
  sentence: 'Equal compensations at once undo once, and all get the same answer.',
  applies: undoable,
  assumes: ['undo-repeat'],
  async run(play) {
    const id = play.newId();
    given(await play.put(id, play.options.body), 'the action');
    const [first, ...others] = await atOnce(play.concurrency, () => play.undo(id));
    if (first === undefined) return;
    expectThat(first.status === 200 && first.fields['status'] === 'undone', '200 with status "undone"', first);
    for (const other of others) expectStored(other, first);
  },
};

const ROUNDS = 3;

export const race: Check = {
  name: 'race',
  rule: 20,
  sentence: 'A compensation waits for the action that is running: either it undoes it, or the action comes too late.',
  applies: undoable,
  assumes: ['tombstone', 'undone-final', 'neighbours', 'actions-at-once', 'undos-at-once'],
  async run(play) {
    const { body } = play.options;
    const started = performance.now();
    given(await play.put(play.newId(), body), 'the action');
    const tookMs = performance.now() - started;
    for (let round = 0; round < ROUNDS; round++) {
      await atOnce(play.concurrency, async (index) => {
        const id = play.newId();
        const action = play.put(id, body);
        // At moments spread over the action's duration, from its beginning to its end.
        await pause((tookMs * index) / play.concurrency);
        const [put, undone] = await Promise.all([action, play.undo(id)]);
        const seen = `${show(put)} and ${show(undone)}`;
        const isUndone = put.status < 300 && undone.status === 200 && undone.fields['status'] === 'undone';
        const isFenced = put.status === 410 && undone.status === 200 && undone.fields['status'] === 'fenced';
        // The first attempt was applied and undone, and its answer was lost: the second attempt came too late.
        const isLate = put.status === 410 && put.attempts > 1 && undone.fields['status'] === 'undone';
        expectThat(
          isUndone || isFenced || isLate,
          'the action applied and its compensation "undone", or 410 and "fenced"',
          put,
          seen,
        );
        const probed = await play.probe(id);
        expectThat(probed.fields['effect'] === 'none', 'no effect afterwards', probed);
      });
    }
  },
};
