/** Does the work for each of many, so many at a time. */
export async function inLanes<T>(lanes: number, all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  const left = [...all];
  const lane = async (): Promise<void> => {
    for (let each = left.shift(); each !== undefined; each = left.shift()) await work(each);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
