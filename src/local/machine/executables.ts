/** Programs that may be installed on this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

export function findOnPath(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

export interface RunResult {
  readonly code: number | null;
  readonly output: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly timeout?: number;
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs a program to its end and returns its output. It never throws: if the program cannot run, or the signal is
 * aborted before it has run, its code is null.
 */
export async function runProgram(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  if (options.signal?.aborted) return { code: null, output: 'called off' };
  return await new Promise((resolve) => {
    let output = '';
    const child: ChildProcess = spawn(file, args, {
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      // A group of its own, so that all it starts can be ended with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const end = (): void => {
      if (child.pid === undefined || child.exitCode !== null) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The program has ended already.
      }
    };
    // Not Node's own time-out, because that waits on if the program could not be started, and ends no descendants.
    const timer = options.timeout === undefined ? undefined : setTimeout(end, options.timeout);
    options.signal?.addEventListener('abort', end, { once: true });
    process.once('exit', end);
    const settle = (result: RunResult): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', end);
      process.removeListener('exit', end);
      resolve(result);
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        output = (output + chunk).slice(-20_000);
        for (const line of chunk.split('\n')) if (line.trim() !== '') options.onLine?.(line.trim());
      });
    }
    child.once('error', (error) => {
      settle({ code: null, output: error.message });
    });
    child.once('close', (code) => {
      settle({ code, output: output.trim() });
    });
  });
}

/** The line of a tool's output that most likely names the fault. */
export function complaintOf(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => /error|fail|cannot|denied/i.test(line)) ?? lines.at(-1) ?? 'no output')
    .trim()
    .slice(0, 300);
}
