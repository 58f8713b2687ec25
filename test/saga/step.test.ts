/** Rule 6 by the compiler: `npm run types` fails where one of these lines would compile. */
import { compensatable, defineSaga, pivot, retriable, type Call, type Undone } from '../../src/saga/saga.js';

interface Input {
  readonly id: string;
}

declare const act: Call<Input, { readonly total: number }>;
declare const undo: Call<Input, Undone>;

export const definitions = [
  () => compensatable('step', act, undo),
  // @ts-expect-error rule 6: a compensatable step cannot forget its compensation
  () => compensatable('step', act),
  // @ts-expect-error rule 6: a call cannot forget its time-outs
  () => pivot('step', { activity: act.activity, refusals: [] }),
  // @ts-expect-error rule 6: nor one of the two
  () => pivot('step', { activity: act.activity, refusals: [], budget: { attempt: 1000 } }),
  // @ts-expect-error rule 6: a compensation has time-outs as well
  () => compensatable('step', act, { activity: undo.activity, refusals: [] }),
  // @ts-expect-error rule 5: a retriable step says what happens when its budget is spent
  () => retriable('step', act),
  // @ts-expect-error rule 2: a compensation takes the action's input, not its result
  () => compensatable('step', act, undo as Call<{ readonly total: number }, Undone>),
];

describe('the definition of a saga', () => {
  const define = (type: string) => () =>
    defineSaga({ type, id: () => 'saga-1', deadline: 1000, steps: {} }, () => Promise.resolve());

  it.each(['Saga', 'SagaStep', 'SagaOfMine', '', '1st', 'Über'])(
    'is refused if the names of its ends could be those of the library, or begin with no letter: %p',
    (type) => {
      expect(define(type)).toThrow(`A saga's type begins with a letter, and not with Saga: ${type}`);
    },
  );

  it.each(['TripBooking', 'trip', 'sagaOfMine', 'Sage'])('is taken with any other type: %p', (type) => {
    expect(define(type)).not.toThrow();
  });
});

describe('the definition of a step', () => {
  it('keeps its kind, its name and both of its directions (rules 5 and 6)', () => {
    const budget = { attempt: 1000, total: 5000 };
    const call = { activity: { executeWithOptions: () => Promise.reject(new Error('not run')) }, budget, refusals: [] };
    expect(compensatable('a', call, call)).toEqual({
      kind: 'compensatable',
      name: 'a',
      action: call,
      compensation: call,
    });
    expect(pivot('p', call)).toEqual({ kind: 'pivot', name: 'p', action: call });
    expect(retriable('r', call, { onExhausted: 'block' })).toMatchObject({ kind: 'retriable', onExhausted: 'block' });
  });
});
