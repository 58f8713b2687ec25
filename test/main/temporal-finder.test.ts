/** The order in which Temporal's program is looked for, with fake programs on a PATH of its own. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findOnPath } from '../../src/main/executables.js';
import { findTemporal } from '../../src/main/temporal-finder.js';

let folder: string;
let notices: string[];

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-finder-'));
  notices = [];
  mkdirSync(path.join(folder, 'bin'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function program(file: string, script: string): void {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(folder, file), 0o755);
}

const temporal = (version: string): string => `echo "temporal version ${version} (Server 1.29.1, UI 2.42.1)"`;

/** The folder's `bin` is all of PATH but for the few tools that the fakes need; there is no way to the internet. */
async function find(signal?: AbortSignal): ReturnType<typeof findTemporal> {
  for (const tool of ['cat', 'chmod', 'sleep']) {
    const file = findOnPath(tool);
    if (file && !existsSync(path.join(folder, 'bin', tool))) symlinkSync(file, path.join(folder, 'bin', tool));
  }
  const env = { PATH: path.join(folder, 'bin'), UNWIND_CACHE_DIR: path.join(folder, 'cache'), HOME: folder };
  return await findTemporal({
    notice: (sentence) => notices.push(sentence),
    env: { ...env, HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' },
    ...(signal && { signal }),
  });
}

describe('finding a Temporal server', () => {
  it('takes the one on PATH before the cached one', async () => {
    program('bin/temporal', temporal('9.9.9'));
    program('cache/temporal-cli/temporal', temporal('1.1.1'));
    expect(await find()).toEqual({
      file: path.join(folder, 'bin', 'temporal'),
      version: '9.9.9 (Server 1.29.1, UI 2.42.1)',
      from: 'PATH',
    });
    expect(notices).toEqual([]);
  });

  it('takes the cached one where the one on PATH is something else', async () => {
    program('bin/temporal', 'echo "a calendar"');
    program('cache/temporal-cli/temporal', temporal('1.1.1'));
    expect(await find()).toMatchObject({ version: '1.1.1 (Server 1.29.1, UI 2.42.1)', from: 'the cache' });
    expect(notices.join()).toMatch(/bin\/temporal is not Temporal's program/);
  });

  it('builds one with Go where it cannot be downloaded, and keeps it for the next time', async () => {
    program(
      'bin/go',
      `printf '#!/bin/sh\\n%s\\n' '${temporal('1.5.1')}' > "$GOBIN/temporal"; chmod 755 "$GOBIN/temporal"`,
    );
    expect(await find()).toMatchObject({ version: '1.5.1 (Server 1.29.1, UI 2.42.1)', from: 'Go' });
    expect(notices.join()).toMatch(/building the Temporal server with Go/);
    program('bin/go', 'exit 1');
    expect(await find()).toMatchObject({ from: 'the cache' });
    expect(readdirSync(path.join(folder, 'cache'))).toEqual(['temporal-cli']);
  });

  it('replaces a cached program that does not run', async () => {
    program('cache/temporal-cli/temporal', 'exit 127');
    program(
      'bin/go',
      `printf '#!/bin/sh\\n%s\\n' '${temporal('1.5.1')}' > "$GOBIN/temporal"; chmod 755 "$GOBIN/temporal"`,
    );
    expect(await find()).toMatchObject({ from: 'Go' });
    expect(await find()).toMatchObject({ from: 'the cache' });
  });

  it('leaves nothing in the cache when a build fails, and lists the ways that there are', async () => {
    program('bin/go', 'echo "go: module not found: error" >&2; exit 1');
    await expect(find()).rejects.toThrow(
      /^There is no Temporal server: set TEMPORAL_ADDRESS to one, put `temporal` on PATH, connect to the internet, or install Go .*Go: go: module not found/,
    );
    expect(readdirSync(path.join(folder, 'cache'))).toEqual([]);
  });

  it('says that Go is missing where it is', async () => {
    await expect(find()).rejects.toThrow(/Go: go is not on PATH/);
  });

  it('tells in one sentence where the cache cannot be written to, and tries no other way', async () => {
    writeFileSync(path.join(folder, 'cache'), 'a file');
    await expect(find()).rejects.toThrow(
      /^The cache .* cannot be written to \(.*\): set UNWIND_CACHE_DIR to a folder that this user owns\.$/,
    );
  });
});
