/** A store's server as a child process that a test can kill, stop and start again on the same port and data. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../../../src/platform/ports.js';
import { eventually } from '../eventually.js';

export interface StoreServer {
  readonly port: number;
  /** What a client is told. */
  readonly url: string;
  /** Returns once it accepts connections. */
  start(): Promise<void>;
  /** SIGKILL: what was acknowledged must be there afterwards, or the sink must notice. */
  kill(): Promise<void>;
  /** Still there, but it answers nobody any more. */
  freeze(): void;
  thaw(): void;
  /** Ends it, and removes its data. */
  close(): Promise<void>;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export interface ServerKind {
  readonly name: string;
  readonly url: (port: number) => string;
  /** Called before each start. */
  readonly command: (port: number, folder: string) => Command | Promise<Command>;
  /** Throws, or answers false, while it is not ready yet. */
  readonly isReady?: (port: number) => Promise<boolean>;
}

export async function storeServer(kind: ServerKind): Promise<StoreServer> {
  const port = await freePort();
  const folder = mkdtempSync(path.join(os.tmpdir(), `unwind-${kind.name}-`));
  let process: ChildProcess | undefined;
  let watchdog: ChildProcess | undefined;
  let output = '';

  async function start(): Promise<void> {
    const { file, args, env = {} } = await kind.command(port, folder);
    const child = spawn(file, [...args], {
      cwd: folder,
      env: { ...globalThis.process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    process = child;
    watchdog = watchOver(child.pid ?? 0);
    output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-5_000)));
    }
    await eventually(`${kind.name} on port ${port}`, 90_000, async () => {
      if (child.exitCode !== null) throw new Error(`${kind.name} ended:\n${output}`);
      return (await accepts(port)) && (await (kind.isReady?.(port) ?? Promise.resolve(true)));
    });
  }

  async function kill(): Promise<void> {
    const child = process;
    process = undefined;
    watchdog?.kill('SIGKILL');
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  return {
    port,
    url: kind.url(port),
    start,
    kill,
    freeze: () => void process?.kill('SIGSTOP'),
    thaw: () => void process?.kill('SIGCONT'),
    close: async () => {
      process?.kill('SIGCONT');
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Ends the server when this process is gone, however it went: then the pipe breaks. */
function watchOver(pid: number): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', 'read -r _; kill -9 "$0"', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  return watchdog;
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
