import * as fc from 'fast-check';
import { drawnFrom } from './drawn.js';

/** What a property says that holds for no large number. */
function failing(env: Record<string, string>): string {
  const small = fc.property(fc.nat(), (number) => number < 1000);
  try {
    fc.assert(small, drawnFrom(env) as fc.Parameters<[number]>);
  } catch (error) {
    return String(error);
  }
  return 'it holds';
}

it('a property that fails prints its seed, its counterexample and how to draw the same again (rule 37)', () => {
  const said = failing({});
  const seed = /UNWIND_SEED=(-?\d+)/.exec(said)?.[1] ?? '';
  expect(said).toContain("with test/support/drawn.test.ts -t 'a property that fails prints its seed");
  expect(said).toMatch(/Counterexample: \[1000\]/);
  expect(failing({ UNWIND_SEED: seed })).toBe(said);
});

it('each property draws from UNWIND_SEED, which CI prints first', () => {
  const { seed, reporter } = fc.readConfigureGlobal();
  const given = process.env['UNWIND_SEED'];
  expect(seed).toBe(given === undefined ? undefined : Number(given));
  expect(reporter).toBeDefined();
});
