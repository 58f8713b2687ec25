/** Calls whose caller leaves: the result is not known, and the repeat with the same id must clear it up. */
import { setTimeout as pause } from 'node:timers/promises';
import { atOnce } from '../at-once.js';
import { undoable, type Check } from '../check.js';
import { expectAnswer, expectThat, given } from '../expectations.js';
import type { Play } from '../play.js';

export const cutOff: Check = {
  name: 'cut-off',
  rule: 19,
  sentence: 'A request that breaks off halfway has no effect; the whole request is applied.',
  assumes: ['probe', 'probe-unknown'],
  async run(play) {
    const id = play.newId();
    await play.lose('PUT', id, 'halfway');
    const probed = await play.probe(id);
    expectThat(probed.fields['effect'] !== 'applied', 'no effect', probed);
    const whole = await play.put(id, play.options.body);
    expectThat(whole.status < 300, 'the whole request to be applied', whole);
  },
};

const LOST = ['once sent', 'as the answer begins'] as const;

export const actionLost: Check = {
  name: 'action-lost',
  rule: 19,
  sentence: 'An action whose answer is lost is repeated under its id: it is applied once.',
  assumes: ['repeat', 'probe', 'probe-unknown'],
  async run(play) {
    for (const when of LOST) {
      const id = play.newId();
      const asBefore = await play.books(id);
      await play.lose('PUT', id, when);
      await settledAs(play, id, 'applied');
      const lost = await play.books(id);
      const answer = await play.put(id, play.options.body);
      expectThat(answer.status < 300 && answer.fields['effect'] === 'applied', '200 with effect "applied"', answer);
      // A participant may drop a request whose caller has left: then the repeat was the first request.
      if (lost !== asBefore) await play.expectBooks(id, lost);
    }
  },
};

export const undoLost: Check = {
  name: 'undo-lost',
  rule: 22,
  sentence: 'A compensation whose answer is lost is repeated under its id: it undoes once.',
  applies: undoable,
  assumes: ['undo-repeat'],
  async run(play) {
    for (const when of LOST) {
      const id = play.newId();
      given(await play.put(id, play.options.body), 'the action');
      const asBefore = await play.books(id);
      await play.lose('DELETE', id, when);
      await settledAs(play, id, 'none');
      const lost = await play.books(id);
      expectAnswer(await play.undo(id), 200, { id, status: 'undone', effect: 'none' });
      if (lost !== asBefore) await play.expectBooks(id, lost);
    }
  },
};

export const overtaken: Check = {
  name: 'overtaken',
  rule: 20,
  sentence:
    'A compensation that overtakes an action whose caller has left ends it: undone or fenced, and never applied again.',
  applies: undoable,
  assumes: ['race', 'tombstone', 'undone-final'],
  async run(play) {
    const { body } = play.options;
    const started = performance.now();
    given(await play.put(play.newId(), body), 'the action');
    const tookMs = performance.now() - started;
    await atOnce(play.concurrency, async (index) => {
      const id = play.newId();
      await play.lose('PUT', id, 'once sent');
      // Before the lost action began, and at moments spread over its duration.
      await pause((tookMs * index) / play.concurrency);
      const answer = await play.undo(id);
      const { status } = answer.fields;
      const isEnded = answer.status === 200 && (status === 'undone' || status === 'fenced');
      expectThat(isEnded, '200 "undone" or "fenced"', answer);
      // The lost action may still be at work that long, if the compensation did not wait for it.
      await pause(tookMs * 2);
      expectAnswer(await play.put(id, body), 410, { code: 'AlreadyCancelled' });
    });
  },
};

const SETTLES_WITHIN_MS = 1_500;

/**
 * Waits until the effect of the lost call shows. The wait is bounded, because the participant may have dropped the
 * call.
 */
async function settledAs(play: Play, id: string, effect: 'applied' | 'none'): Promise<void> {
  for (const end = performance.now() + SETTLES_WITHIN_MS; performance.now() < end; await pause(20)) {
    if ((await play.probe(id)).fields['effect'] === effect) return;
  }
}
