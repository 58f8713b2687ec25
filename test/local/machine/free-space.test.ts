import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hasEmbeddedServers, lackOfSpace } from '../../../src/local/machine/free-space.js';
import { databaseUrlFile } from '../../../src/config/find-database.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-free-space-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('says how much is free if that is less than is asked for, and that it is not known, without a path (O4)', async () => {
  expect(await lackOfSpace(folder, 1)).toBeUndefined();
  expect(await lackOfSpace(folder, 1e9)).toMatch(/^The disk of DATA_DIR has \d+ MB free: .* asks for 1000000000\.$/);
  expect(await lackOfSpace(path.join(folder, 'none'), 1)).toBe('The free space of DATA_DIR is not known (ENOENT).');
});

it('looks at DATA_DIR only if the embedded PostgreSQL is used, or the embedded Temporal runs there (O4)', () => {
  const url = 'postgres://unwind:secret@127.0.0.1:54329/unwind';
  expect(hasEmbeddedServers(folder, url)).toBe(false);
  writeFileSync(databaseUrlFile(folder), url);
  expect(hasEmbeddedServers(folder, url)).toBe(true);
  expect(hasEmbeddedServers(folder, 'postgres://unwind@db.example.com/unwind')).toBe(false);
  writeFileSync(path.join(folder, 'temporal.pid'), '1');
  expect(hasEmbeddedServers(folder, 'postgres://unwind@db.example.com/unwind')).toBe(true);
});
