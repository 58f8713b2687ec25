/** Several things started at once, of which none is left running if one of them does not start. */

type Starting<T extends readonly unknown[]> = { readonly [K in keyof T]: Promise<T[K]> };
type Ends<T extends readonly unknown[]> = { readonly [K in keyof T]: (started: T[K]) => Promise<unknown> };

/** Waits for all of them. If one fails, ends those that have started, each by its own function, and throws the first error. */
export async function allOrNone<T extends readonly unknown[]>(starting: Starting<T>, ends: Ends<T>): Promise<T> {
  const settled = await Promise.allSettled(starting);
  const failed = settled.find((each) => each.status === 'rejected');
  if (failed === undefined)
    return settled.map((each) => (each as PromiseFulfilledResult<T[number]>).value) as unknown as T;
  for (const [index, each] of settled.entries()) if (each.status === 'fulfilled') await ends[index]?.(each.value);
  throw failed.reason;
}
