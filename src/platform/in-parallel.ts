/** Bounded parallelism. */

/**
 * Does `work` for each of the items, at most `most` at once, begun in their order; the results are in that order, too.
 * After a failure no further item is begun; it rejects with the first failure once what is under way has ended.
 */
export async function inParallel<Item, Result>(
  most: number,
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Map<number, Result>();
  const left = items.entries();
  let failure: { readonly error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    // All lanes take from one iterator: each item is begun once.
    for (const [index, item] of left) {
      if (failure) return;
      try {
        results.set(index, await work(item, index));
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, lane));
  if (failure) throw failure.error;
  return items.map((_, index) => results.get(index) as Result);
}

/** Of the calls that are made by what it returns, at most `most` run at once; the others wait for their turn in order. */
export function openSlots(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = most;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
