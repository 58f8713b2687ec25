/** A component that is a Node process of ours: it says over IPC when it is ready, or why it is not. */
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { z } from 'zod';
import type { Component, Running } from './component.js';
import { asJson, logFileFor, openLog, readLines, worthShowing } from './log-file.js';
import { endProcess } from '../machine/processes.js';
import type { Report } from '../../config/run-process.js';
import { StartError } from '../../platform/start-error.js';
import { redact } from '../../platform/secrets.js';

const STARTUP_PATIENCE = 120_000;
/** Longer than a child's own limit. */
const ENDING = [{ signal: 'SIGTERM', patience: 30_000 }] as const;

export const reportSchema: z.ZodType<Report> = z.union([
  z.object({ ready: z.string() }),
  z.object({ failed: z.string() }),
]);

export interface NodeComponentOptions {
  readonly name: string;
  /** The file name in this folder, without its extension. */
  readonly module: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFolder: string;
  readonly show: (line: string) => void;
}

/** The way a child ended: `exit code 1` or `SIGKILL`. */
export async function endOf(child: ChildProcess): Promise<string> {
  if (child.exitCode !== null) return `exit code ${child.exitCode}`;
  if (child.signalCode !== null) return child.signalCode;
  return await new Promise((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      resolve(signal ?? `exit code ${code ?? 0}`);
    });
  });
}

function keepLog(child: ChildProcess, { logFolder, name, show }: NodeComponentOptions): void {
  const log = openLog(logFileFor(logFolder, name));
  const onLine = (line: string): void => {
    const entry = asJson(name, redact(line));
    if (entry !== undefined) log.write(entry);
    const text = worthShowing(line);
    if (text !== undefined) show(text);
  };
  readLines(child, onLine, log.close);
}

async function whenReady(child: ChildProcess, ended: Promise<string>, signal: AbortSignal): Promise<string> {
  const report = await new Promise<Report>((resolve) => {
    const fail = (failed: string): void => {
      resolve({ failed });
    };
    child.on('message', (message) => {
      const parsed = reportSchema.safeParse(message);
      if (parsed.success) resolve(parsed.data);
    });
    void ended.then((how) => fail(`it ended while starting (${how}).`));
    const tooLong = setTimeout(fail, STARTUP_PATIENCE, `it was not ready within ${STARTUP_PATIENCE / 1000} s.`);
    tooLong.unref();
    signal.addEventListener('abort', () => {
      fail('its start was cut short.');
    });
  });
  if ('failed' in report) throw new StartError(report.failed);
  return report.ready;
}

export function nodeComponent(options: NodeComponentOptions): Component {
  const module = path.join(
    import.meta.dirname,
    '..',
    '..',
    'main',
    `${options.module}${path.extname(import.meta.filename)}`,
  );
  return {
    name: options.name,
    start: async (signal): Promise<Running> => {
      signal.throwIfAborted();
      const child = fork(module, [...options.args], {
        // Its own process group: a Ctrl-C in the terminal reaches only the supervisor, which then stops its children
        // in order.
        detached: true,
        env: options.env,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
      const pid = child.pid ?? 0;
      const ended = endOf(child);
      keepLog(child, options);
      const stop = async (): Promise<void> => {
        await endProcess(pid, ENDING);
        await ended;
      };
      try {
        const where = await whenReady(child, ended, signal);
        return { pid, where, ended, stop, kill: () => child.kill('SIGKILL') };
      } catch (error) {
        await stop();
        throw error;
      }
    },
  };
}
