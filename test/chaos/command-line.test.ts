import { extentFrom, UsageError } from './command-line.js';

describe('the command line of a chaos run', () => {
  it('kills and stops each of the eight processes under a hundred orders by default', () => {
    expect(extentFrom([], () => 0.5)).toEqual({ seed: 2_147_483_647, orders: 100, kills: 16 });
  });

  it('takes what is said', () => {
    expect(extentFrom(['--kills', '30', '--orders', '300', '--seed', '0'])).toEqual({
      seed: 0,
      orders: 300,
      kills: 30,
    });
  });

  it.each([
    [['--kills', '0']],
    [['--orders', '0']],
    [['--orders', '-1']],
    [['--seed', 'abc']],
    [['--seed', '1e3']],
    [['--kill', '3']],
    [['3']],
  ])('refuses %j, which is no run', (args) => {
    expect(() => extentFrom(args)).toThrow(UsageError);
  });
});
