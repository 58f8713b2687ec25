import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { takeOwnership } from '../../../src/local/supervisor/ownership.js';
import { endLeftoverPostgres } from '../../../src/local/postgres/data.js';
import { isRunning } from '../../../src/local/machine/processes.js';
import { endLeftoverTemporal } from '../../../src/local/temporal/server.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-ownership-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('owning a data directory', () => {
  it('makes the folder, and leaves nothing behind once it is released', () => {
    const dataDir = path.join(folder, 'a', 'b');
    const ownership = takeOwnership(dataDir, 'start');
    expect(readdirSync(dataDir)).toEqual(['start.pid']);
    expect(ownership.predecessorWasKilled).toBe(false);
    ownership.release();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('is refused to a second owner while the first one runs, however that was started', () => {
    takeOwnership(folder, 'start');
    expect(() => takeOwnership(folder, 'start')).toThrow(
      new RegExp(`^Another Unwind \\(pid ${process.pid}\\) runs on`),
    );
    expect(readdirSync(folder)).toEqual(['start.pid']);
  });

  it('goes over from an owner that was killed', () => {
    writeFileSync(path.join(folder, 'start.pid'), '4194305');
    expect(takeOwnership(folder, 'start').predecessorWasKilled).toBe(true);
  });

  it('passes to the new owner if the pid of a killed one belongs to another program now', () => {
    writeFileSync(path.join(folder, 'start.pid'), String(process.pid));
    expect(takeOwnership(folder, 'start').predecessorWasKilled).toBe(true);
  });

  it('is refused in one sentence if the folder cannot be made', () => {
    writeFileSync(path.join(folder, 'file'), '');
    expect(() => takeOwnership(path.join(folder, 'file', 'data'), 'start')).toThrow(
      /^DATA_DIR .* cannot be made \(ENOTDIR/,
    );
  });
});

describe('servers that a killed run has left behind', () => {
  const silent = (): void => undefined;

  it('are not looked for if another program has their pid', async () => {
    writeFileSync(path.join(folder, 'temporal.pid'), String(process.pid));
    writeFileSync(path.join(folder, 'postmaster.pid'), `${process.pid}\n${folder}\n`);
    await endLeftoverTemporal(folder, silent);
    await endLeftoverPostgres(folder, silent);
    expect(isRunning(process.pid)).toBe(true);
    expect(readdirSync(folder)).toEqual(['postmaster.pid']);
    // PostgreSQL would refuse to start while its file names a living process.
    expect(readFileSync(path.join(folder, 'postmaster.pid'), 'utf8')).toBe(`2147483647\n${folder}\n`);
  });
});
