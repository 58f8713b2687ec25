import fc from 'fast-check';
import { openArena, type Arena } from './arena.js';
import { brokenIn } from './ledger-rules.js';
import { schedules } from './schedule.js';
import { told } from './telling.js';
let arena: Arena;
beforeAll(async () => { arena = await openArena(); });
afterAll(() => arena.close());
it('smoke', async () => {
  const n = Number(process.env['N'] ?? 5), lanes = Number(process.env['K'] ?? 1);
  const list = fc.sample(schedules, { seed: Number(process.env['S'] ?? 1), numRuns: n });
  const start = performance.now(); let bad = 0; const states: Record<string, number> = {};
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (let s = list.pop(); s; s = list.pop()) {
      const t = setTimeout(() => process.stderr.write('SLOW ' + JSON.stringify(s) + '\n'), 20000);
      const played = await arena.play(s).finally(() => clearTimeout(t));
      const broken = brokenIn(played);
      states[played.record.state] = (states[played.record.state] ?? 0) + 1;
      if (broken.length > 0 || process.env['V']) { bad++; if (bad < 4 || process.env['V']) process.stderr.write(told(played, broken) + '\n\n'); }
    }
  }));
  process.stderr.write(`${n} in ${((performance.now() - start) / 1000).toFixed(1)} s, bad ${bad} ${JSON.stringify(states)}\n`);
}, 600000);
