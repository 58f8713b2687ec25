import { trackProgress } from './progress.js';

describe('the progress of a run', () => {
  it('wakes each waiter at its count', async () => {
    const progress = trackProgress(new AbortController().signal);
    const woken: number[] = [];
    const waiting = [2, 1].map(async (goal) => {
      await progress.until(goal);
      woken.push(goal);
    });
    progress.advance();
    progress.advance();
    await Promise.all(waiting);
    expect(woken).toEqual([1, 2]);
    await progress.until(2);
    expect(progress.count).toBe(2);
  });

  it('throws for everybody who waits when the run is called off', async () => {
    const called = new AbortController();
    const progress = trackProgress(called.signal);
    const waiting = progress.until(1);
    called.abort(new Error('called off'));
    await expect(waiting).rejects.toThrow('called off');
    await expect(progress.until(0)).rejects.toThrow('called off');
  });
});
