import { describeBlow, planFrom, VICTIMS } from './plan.js';

const extent = { seed: 7, orders: 100, kills: VICTIMS.length * 2 };
const kindsOf = (kills: number): string[] =>
  planFrom({ ...extent, kills }).blows.map(({ victim, signal }) => `${signal} ${victim}`);

describe('the plan of a chaos run', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planFrom(extent)).toEqual(planFrom(extent));
    expect(planFrom({ ...extent, seed: 8 }).blows).not.toEqual(planFrom(extent).blows);
  });

  it('kills and stops every process once before any is struck a second time', () => {
    const once = kindsOf(VICTIMS.length * 2);
    expect(new Set(once).size).toBe(VICTIMS.length * 2);
    const twice = kindsOf(VICTIMS.length * 4);
    expect(new Set(twice.slice(0, VICTIMS.length * 2))).toEqual(new Set(once));
    expect(new Set(twice.slice(VICTIMS.length * 2))).toEqual(new Set(once));
  });

  it.each([
    [100, 16],
    [300, 30],
    [3, 20],
    [1, 1],
  ])('with %i orders strikes all of %i blows, in order, before the last order is answered', (orders, kills) => {
    const { blows } = planFrom({ seed: 1, orders, kills });
    const moments = blows.map(({ after }) => after);
    expect(blows).toHaveLength(kills);
    expect(moments).toEqual(moments.toSorted((a, b) => a - b));
    expect(Math.max(...moments)).toBeLessThan(orders);
  });

  it('stops a process for longer than an attempt may take', () => {
    for (const { stillMs } of planFrom(extent).blows) expect(stillMs).toBeGreaterThan(2_000);
  });

  it('gives each order an id of its own', () => {
    const { orders } = planFrom({ ...extent, orders: 500 });
    expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(500);
  });

  it('has orders of every class, some that are cancelled, and mostly plain ones', () => {
    const { orders } = planFrom({ ...extent, orders: 500 });
    const classes = new Set(orders.map((order) => order.class));
    expect([...classes].sort().join(' ')).toBe('declined outOfStock plain scarce unknownProduct unserviceable');
    expect(orders.filter((order) => order.class === 'plain').length).toBeGreaterThan(250);
    expect(orders.filter(({ cancelAfterMs }) => cancelAfterMs !== undefined).length).toBeGreaterThan(50);
  });

  it('never refuses a compensation, which would block a saga for an operator', () => {
    const { faults } = planFrom({ ...extent, orders: 2_000 });
    expect(faults.filter(({ fault }) => fault.mode === 'refuse').length).toBeGreaterThan(0);
    expect(faults.filter(({ fault }) => fault.mode === 'refuse' && fault.operation !== 'PUT')).toEqual([]);
    expect(faults.filter(({ service, fault }) => service === 'notification' && fault.operation !== 'PUT')).toEqual([]);
  });

  it('says each blow in a few words', () => {
    const blow = { victim: 'worker', after: 3, momentMs: 0, stillMs: 3_200 } as const;
    expect(describeBlow({ ...blow, signal: 'SIGKILL' })).toBe('SIGKILL of worker');
    expect(describeBlow({ ...blow, signal: 'SIGSTOP' })).toBe('SIGSTOP of worker for 3.2 s');
  });
});
