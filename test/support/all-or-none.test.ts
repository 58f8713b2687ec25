import { allOrNone } from './all-or-none.js';

it('all that were started are returned in their order', async () => {
  const end = async () => expect(true).toBe(false);
  expect(await allOrNone([Promise.resolve(1), Promise.resolve('two')], [end, end])).toEqual([1, 'two']);
});

it('if one does not start, the others are ended before its error is thrown, those that start later as well', async () => {
  const ended: string[] = [];
  const end = async (started: string) => void ended.push(started);
  const late = new Promise<string>((resolve) => setImmediate(resolve, 'late'));
  const starting = allOrNone([Promise.resolve('early'), Promise.reject(new Error('no port')), late], [end, end, end]);
  await expect(starting).rejects.toThrow('no port');
  expect(ended).toEqual(['early', 'late']);
});
