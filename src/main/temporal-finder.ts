/** Finds the `temporal` program for the dev server: on PATH, in the cache, by download, or built with Go. */
import { chmodSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { CacheError, cacheDirectory, fillCache } from './cache.js';
import { complaintOf, findOnPath, isExecutable, runProgram } from './executables.js';
import { sdkDownload } from './sdk-download.js';
import { StartError } from './start-error.js';
import { reasonOf } from './reason.js';

/** The newest that a plain `go install` takes. */
const CLI_VERSION = '1.5.1';
const CACHED = 'temporal-cli';

export interface TemporalProgram {
  readonly file: string;
  /** As the program says it: CLI, server and Web UI. */
  readonly version: string;
  readonly from: 'PATH' | 'the cache' | 'download' | 'Go';
}

interface Search {
  readonly notice: (sentence: string) => void;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

async function versionOf(file: string): Promise<string | undefined> {
  const { code, output } = await runProgram(file, ['--version'], { timeout: 20_000 });
  return code === 0 ? /temporal version (.+)/.exec(output)?.[1]?.trim() : undefined;
}

const cachedProgram = (folder: string): string => path.join(folder, 'temporal');
const isWhole = (folder: string): boolean => isExecutable(cachedProgram(folder));

async function download(folder: string, { signal }: Search): Promise<string | undefined> {
  const failure = await sdkDownload('dev', folder, signal);
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

async function fill(search: Search, way: typeof download): Promise<string> {
  const folder = await fillCache(cacheDirectory(search.env), CACHED, isWhole, async (temporary) => {
    const failure = await way(temporary, search);
    if (failure !== undefined) throw new StartError(failure);
    if ((await versionOf(cachedProgram(temporary))) === undefined) throw new StartError('what came of it does not run');
  });
  return cachedProgram(folder);
}

/** Looks where it is quickest first, and keeps what it had to fetch or build in the cache. */
export async function findTemporal(search: Search): Promise<TemporalProgram> {
  const onPath = findOnPath('temporal', search.env);
  if (onPath !== undefined) {
    const version = await versionOf(onPath);
    if (version !== undefined) return { file: onPath, version, from: 'PATH' };
    search.notice(`${onPath} is not Temporal's program: looking further`);
  }
  const cached = cachedProgram(path.join(cacheDirectory(search.env), CACHED));
  if (isExecutable(cached)) {
    const version = await versionOf(cached);
    if (version !== undefined) return { file: cached, version, from: 'the cache' };
    search.notice(`${cached} does not run: replacing it`);
    rmSync(cached);
  }
  const failures: string[] = [];
  search.notice('there is no Temporal server on this machine yet: downloading it');
  for (const [from, way] of [
    ['download', download],
    ['Go', build],
  ] as const) {
    try {
      const file = await fill(search, way);
      return { file, version: (await versionOf(file)) ?? 'unknown', from };
    } catch (error) {
      if (search.signal?.aborted || error instanceof CacheError) throw error;
      failures.push(`${from}: ${reasonOf(error)}`);
    }
  }
  throw new StartError(
    `There is no Temporal server: set TEMPORAL_ADDRESS to one, put \`temporal\` on PATH, connect to the internet, or install Go 1.25 or newer (${failures.join('; ')}).`,
  );
}
