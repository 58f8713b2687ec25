import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpuOf } from '../../bench/cpu.js';
import { judge, readGoals } from '../../bench/goals.js';
import { pairedRatios, percentile, spreadOf } from '../../bench/statistics.js';
import { eventually } from '../support/eventually.js';

const verdictOf = (id: string, ...values: number[]): string | undefined =>
  judge({ [id]: spreadOf(values) }).find((judged) => judged.id === id)?.verdict;

describe('a goal of the benchmark', () => {
  it('has a limit and a sentence, and is one that something is measured for', () => {
    for (const { says, max, min } of Object.values(readGoals())) {
      expect(says.length).toBeGreaterThan(10);
      expect(max ?? min).toBeGreaterThan(0);
    }
  });

  it('that is exact fails by the first value that misses it', () => {
    expect(verdictOf('on.events', 30, 30, 30)).toBe('reached');
    expect(verdictOf('on.events', 30, 31, 30)).toBe('missed');
  });

  it('of processor time fails by the median of the rounds', () => {
    const { max = 0 } = readGoals()['compensated.cpu'] ?? {};
    expect(verdictOf('compensated.cpu', max - 0.1, max - 0.1, max + 3)).toBe('reached');
    expect(verdictOf('compensated.cpu', 1, max + 3, max + 3)).toBe('missed');
  });

  it('of throughput fails only if the whole range misses it', () => {
    expect(verdictOf('server.throughput', 1, 1.5, 1.7)).toBe('reached');
    expect(verdictOf('server.throughput', 1, 1.2, 1.5)).toBe('missed');
  });

  it('that is missed is accepted down to what a decision record accepts', () => {
    const goal = { min: 2.5, gate: 'range', says: 'throughput', accepted: { value: 1.8, why: 'a record' } } as const;
    const verdict = (value: number): string | undefined =>
      judge({ some: spreadOf([value]) }, { some: goal }).at(0)?.verdict;
    expect([2.6, 2, 1.7].map(verdict)).toEqual(['reached', 'accepted', 'missed']);
  });
});

describe('the statistics', () => {
  it('compare each round with its own pair', () => {
    expect(pairedRatios([10, 40, 90], [10, 20, 30])).toEqual({ median: 2, min: 1, max: 3 });
  });

  it('find a percentile between two values', () => {
    expect(percentile([4, 1, 2, 3], 0.5)).toBe(2.5);
    expect(percentile([7], 0.95)).toBe(7);
  });
});

describe('the processor time of a process', () => {
  it('has that of its children in it', async () => {
    // As much as it is to work, however long a crowded machine takes for it.
    const busy = 'while (process.cpuUsage().user < 400_000); setInterval(() => {}, 1000)';
    const script = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(busy)}])`;
    const parent = spawn(process.execPath, [
      '-e',
      `const child = ${script}; process.on('SIGTERM', () => (child.kill('SIGKILL'), process.exit()))`,
    ]);
    try {
      await eventually('the child to have worked', 20_000, () => (cpuOf([parent.pid ?? 0])[0] ?? 0) >= 250);
    } finally {
      parent.kill('SIGTERM');
      await once(parent, 'exit');
    }
  });
});
