/** Makes `count` calls at once and waits for all of them. @throws the error of the first failed call in their order */
export async function atOnce<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const made = await Promise.allSettled(Array.from({ length: count }, (_, index) => make(index)));
  return made.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
}
