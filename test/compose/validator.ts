/** Who says whether docker-compose.yml is valid: the client, or the library that its `config` command reads files with. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { cacheDirectory, fillCache } from '../../src/local/machine/cache.js';
import { findOnPath, isExecutable, runProgram } from '../../src/local/machine/executables.js';

/** The same in `docker compose` 2.40. */
const LIBRARY = 'github.com/compose-spec/compose-go/v2/cmd';
const VERSION = 'v2.9.1';

const programIn = (folder: string): string => path.join(folder, 'cmd');

/** Built with Go once, in seconds, and kept in the cache. */
async function library(): Promise<string | undefined> {
  const name = `compose-go-${VERSION}`;
  const kept = programIn(path.join(cacheDirectory(), name));
  if (isExecutable(kept)) return kept;
  const go = findOnPath('go');
  if (go === undefined) return undefined;
  const isWhole = (folder: string): boolean => isExecutable(programIn(folder));
  const folder = await fillCache(cacheDirectory(), name, isWhole, async (temporary) => {
    const env = { ...process.env, GOBIN: temporary };
    const { code, output } = await runProgram(go, ['install', `${LIBRARY}@${VERSION}`], { env, cwd: temporary });
    if (code !== 0) throw new Error(`${LIBRARY} was not built: ${output}`);
  });
  return programIn(folder);
}

/** The command and its arguments, to which the file's name is added; undefined where there is neither. */
export async function findValidator(): Promise<readonly [string, ...string[]] | undefined> {
  const plugin = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0;
  if (plugin) return ['docker', 'compose', 'config', '--quiet', '--file'];
  const program = await library();
  return program === undefined ? undefined : [program];
}
