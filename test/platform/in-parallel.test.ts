import { inParallel, openSlots } from '../../src/platform/in-parallel.js';

/** Work that goes on until it is let go, and counts how much of it is under way. */
function heldWork() {
  const begun: number[] = [];
  const ends = new Map<number, { resolve: (value: string) => void; reject: (error: Error) => void }>();
  return {
    begun,
    work: (item: number) =>
      new Promise<string>((resolve, reject) => {
        begun.push(item);
        ends.set(item, { resolve, reject });
      }),
    end: async (item: number): Promise<void> => {
      ends.get(item)?.resolve(`done ${item}`);
      await settled();
    },
    fail: async (item: number): Promise<void> => {
      ends.get(item)?.reject(new Error(`failed ${item}`));
      await settled();
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('work in parallel', () => {
  test('never has more under way than it may, and begins the items in their order', async () => {
    const { begun, work, end } = heldWork();
    const all = inParallel(2, [1, 2, 3, 4], work);
    await settled();
    expect(begun).toEqual([1, 2]);
    await end(2);
    expect(begun).toEqual([1, 2, 3]);
    for (const item of [3, 4, 1]) await end(item);
    await expect(all).resolves.toEqual(['done 1', 'done 2', 'done 3', 'done 4']);
  });

  test('begins nothing more after a failure, and rejects with it once what is under way has ended', async () => {
    const { begun, work, end, fail } = heldWork();
    let rejected: unknown;
    const all = inParallel(2, [1, 2, 3], work).catch((error: unknown) => (rejected = error));
    await settled();
    await fail(2);
    expect(rejected).toBeUndefined();
    await end(1);
    await all;
    expect(begun).toEqual([1, 2]);
    expect(rejected).toEqual(new Error('failed 2'));
  });

  test('of nothing is done at once', async () => {
    await expect(inParallel(5, [], () => Promise.reject(new Error('never called')))).resolves.toEqual([]);
  });
});

describe('slots', () => {
  test('are shared by all who call, and are given back by a failure', async () => {
    const { begun, work, end, fail } = heldWork();
    const slot = openSlots(1);
    const first = slot(() => work(1)).catch((error: unknown) => error);
    const others = [2, 3].map((item) => slot(() => work(item)));
    await settled();
    expect(begun).toEqual([1]);
    await fail(1);
    expect(begun).toEqual([1, 2]);
    await end(2);
    await end(3);
    expect(await first).toEqual(new Error('failed 1'));
    await expect(Promise.all(others)).resolves.toEqual(['done 2', 'done 3']);
  });
});
