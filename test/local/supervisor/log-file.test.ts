/** Logs stay bounded while they are written, and are JSON, whatever writes them (L3). */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { asJson, keepShort, openLog, postgresAsJson } from '../../../src/local/supervisor/log-file.js';
import { eventually } from '../../support/eventually.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const sizes = (): number[] => readdirSync(folder).map((name) => statSync(path.join(folder, name)).size);
const read = (name: string): string[] => readFileSync(path.join(folder, name), 'utf8').trim().split('\n');

describe('a log', () => {
  it('that grows for as long as the process runs stays within its size, and keeps the newest lines (L3)', () => {
    const log = openLog(path.join(folder, 'api.log'), { largest: 1_000, older: 3 });
    for (let number = 1; number <= 2_000; number++) log.write(JSON.stringify({ number }));
    log.close();
    expect(readdirSync(folder).sort()).toEqual(['api.log', 'api.log.1', 'api.log.2', 'api.log.3']);
    expect(Math.max(...sizes())).toBeLessThanOrEqual(1_000);
    const lines = ['api.log.3', 'api.log.2', 'api.log.1', 'api.log']
      .flatMap(read)
      .map((line) => JSON.parse(line).number);
    expect(lines.at(-1)).toBe(2_000);
    expect(lines).toEqual(lines.map((_number, index) => 2_000 - lines.length + 1 + index));
  });

  it('that is opened again goes on, also if it was too large already (L3)', () => {
    const file = path.join(folder, 'api.log');
    appendFileSync(file, `${'x'.repeat(5_000)}\n`);
    const log = openLog(file, { largest: 1_000 });
    log.write('{"number":1}');
    log.close();
    expect(read('api.log')).toEqual(['{"number":1}']);
    expect(read('api.log.1')).toEqual(['x'.repeat(5_000)]);
  });

  it('whose disk is full ends nothing (O4)', () => {
    const full = openLog('/dev/full');
    for (let times = 0; times < 3; times++) expect(() => full.write('{"lost":true}')).not.toThrow();
    full.close();
  });

  it('that another process writes is emptied when it is large, while that process goes on writing (L3)', async () => {
    const file = path.join(folder, 'temporal.log');
    appendFileSync(file, `${'x'.repeat(2_000)}\n`);
    const end = keepShort(file, { largest: 1_000, older: 2 });
    try {
      await eventually('the first copy', 10_000, () => readdirSync(folder).includes('temporal.log.1'));
      appendFileSync(file, `${'y'.repeat(2_000)}\n`);
      await eventually('the second copy', 10_000, () => readdirSync(folder).includes('temporal.log.2'));
      appendFileSync(file, 'z\n');
      expect([read('temporal.log.2'), read('temporal.log.1'), read('temporal.log')]).toEqual([
        ['x'.repeat(2_000)],
        ['y'.repeat(2_000)],
        ['z'],
      ]);
    } finally {
      end();
    }
  });

  it('is readable for its owner alone (L5)', () => {
    const log = openLog(path.join(folder, 'api.log'), { largest: 10 });
    for (let times = 0; times < 3; times++) log.write('{"a":"bcdef"}');
    log.close();
    for (const name of readdirSync(folder)) expect(statSync(path.join(folder, name)).mode & 0o777).toBe(0o600);
  });
});

describe('a line that is no JSON', () => {
  it('becomes the message of one that is (L3)', () => {
    expect(asJson('api', '{"level":30}')).toBe('{"level":30}');
    expect(JSON.parse(asJson('api', '(node:1) Warning: "x"') ?? '')).toMatchObject({
      level: 40,
      component: 'api',
      msg: '(node:1) Warning: "x"',
    });
    expect(asJson('api', ' ')).toBeUndefined();
  });

  it.each([
    ['2026-11-28 12:13:06.224 UTC [12151] LOG:  starting PostgreSQL', 30, 'starting PostgreSQL'],
    ['2026-11-28 12:13:06.224 UTC [12151] WARNING:  it is late', 40, 'it is late'],
    ['2026-11-28 12:13:06.224 UTC [12151] FATAL:  no space left', 60, 'no space left'],
    [
      '2026-11-28 12:13:06.224 UTC [12151] FATAL:  the database system is starting up',
      30,
      'the database system is starting up',
    ],
    ['initdb: a line of its own kind', 30, 'initdb: a line of its own kind'],
  ])("of PostgreSQL's has its level and its time: %s (L3)", (line, level, msg) => {
    const entry = JSON.parse(postgresAsJson(line) ?? '') as Record<string, unknown>;
    expect(entry).toMatchObject({ level, msg, component: 'postgres' });
    if (line.startsWith('2026')) expect(entry['time']).toBe(Date.UTC(2026, 10, 28, 12, 13, 6, 224));
  });
});
