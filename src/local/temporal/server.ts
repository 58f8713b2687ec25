/** Temporal's dev server as a child process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { keepShort } from '../supervisor/log-file.js';
import { requireFreePort } from '../../platform/ports.js';
import { commandLine, endProcess, isRunning } from '../machine/processes.js';
import { StartError } from '../../platform/start-error.js';
import type { TemporalProgram } from './finder.js';
import type { TemporalTarget } from '../../platform/temporal/target.js';

/**
 * The preparation of a namespace, with the search attributes that the workflows set. Temporal's client is loaded only here,
 * because loading it takes longer than to refuse a wrong setting.
 */
export async function loadNamespaces() {
  const { connectTemporal, keepClosedWorkflows, registerSearchAttributes } =
    await import('../../platform/temporal/namespace.js');
  const { SagaBlockedOnAttribute, SagaStateAttribute } = await import('../../workflows/messages.js');
  const searchAttributes = [SagaStateAttribute.name, SagaBlockedOnAttribute.name];
  return { connectTemporal, keepClosedWorkflows, registerSearchAttributes, searchAttributes };
}

const ENDING_TEMPORAL = [{ signal: 'SIGTERM', patience: 15_000 }] as const;
const STARTUP_PATIENCE = 60_000;

export interface TemporalServerOptions {
  readonly program: TemporalProgram;
  /** The folder of the database and the pid file. */
  readonly dataDir: string;
  readonly port: number;
  readonly uiPort: number;
  readonly target: TemporalTarget;
  readonly logFile: string;
  readonly notice: (sentence: string) => void;
}

export interface TemporalServer {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

const pairs = (flag: string, values: readonly string[]): string[] => values.flatMap((value) => [flag, value]);

/**
 * The reason and the measured gain of each setting: docs/decisions/0019-temporals-servers.md. Older servers ignore
 * settings that they do not know.
 */
export const DYNAMIC_CONFIG = [
  'history.transferProcessorMaxPollRPS=5000',
  'system.enableActivityEagerExecution=true',
  'system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2',
  'frontend.WorkflowPauseEnabled=true',
] as const;

/** WAL with NORMAL loses nothing when the process is killed. */
function serverArguments({ dataDir, port, uiPort, target }: TemporalServerOptions): string[] {
  const ports = ['--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)];
  const database = ['--namespace', target.namespace, '--db-filename', path.join(dataDir, 'temporal.db')];
  return [
    'server',
    'start-dev',
    ...ports,
    ...database,
    ...pairs('--sqlite-pragma', ['journal_mode=WAL', 'synchronous=NORMAL']),
    ...pairs('--dynamic-config-value', DYNAMIC_CONFIG),
    ...pairs('--search-attribute', ['SagaState=Keyword', 'SagaBlockedOn=Keyword']),
    '--log-level',
    'warn',
    '--log-format',
    'json',
  ];
}

const pidFileIn = (dataDir: string): string => path.join(dataDir, 'temporal.pid');

/**
 * Ends the server that a killed run has left on this database. If the pid was reused by another program, that program
 * stays.
 */
export async function endLeftoverTemporal(dataDir: string, notice: (sentence: string) => void): Promise<void> {
  let pid: number;
  try {
    pid = Number(readFileSync(pidFileIn(dataDir), 'utf8'));
  } catch {
    return;
  }
  const command = Number.isSafeInteger(pid) && isRunning(pid) ? commandLine(pid) : '';
  if (command.includes('start-dev') && command.includes(path.join(dataDir, 'temporal.db'))) {
    notice(`an earlier run has left Temporal running (pid ${pid}): ending it`);
    await endProcess(pid, ENDING_TEMPORAL);
  }
  rmSync(pidFileIn(dataDir), { force: true });
}

function launch(options: TemporalServerOptions): ChildProcess {
  const log = openSync(options.logFile, 'a', 0o600);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
  try {
    // Its own process group: a Ctrl-C in the terminal must not end it before the processes that still need it. Its
    // standard output has only a greeting; its log goes to standard error.
    const stdio = ['ignore', 'ignore', log] as const;
    return spawn(options.program.file, serverArguments(options), { detached: true, stdio: [...stdio], env });
  } finally {
    closeSync(log);
  }
}

/** Starts the server, and returns once its namespace answers and is prepared. */
export async function startTemporal(options: TemporalServerOptions): Promise<TemporalServer> {
  const { dataDir, port, uiPort, target, logFile, notice } = options;
  mkdirSync(dataDir, { recursive: true });
  mkdirSync(path.dirname(logFile), { recursive: true, mode: 0o700 });
  await endLeftoverTemporal(dataDir, notice);
  await requireFreePort('TEMPORAL_PORT', port);
  await requireFreePort('TEMPORAL_UI_PORT', uiPort);
  const child = launch(options);
  child.on('error', () => undefined);
  const pid = child.pid ?? 0;
  writeFileSync(pidFileIn(dataDir), String(pid));
  const hasEnded = (): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  // Not through a pipe: if this process ended, the server would end at its next log line.
  const logIsShort = keepShort(logFile);
  child.once('exit', logIsShort);
  const stop = async (): Promise<void> => {
    await endProcess(pid, ENDING_TEMPORAL);
    rmSync(pidFileIn(dataDir), { force: true });
  };
  try {
    const { connectTemporal, keepClosedWorkflows, registerSearchAttributes, searchAttributes } = await loadNamespaces();
    const connection = await connectTemporal(target, STARTUP_PATIENCE, hasEnded);
    try {
      await keepClosedWorkflows(connection, target.namespace);
      await registerSearchAttributes(connection, target.namespace, searchAttributes);
    } finally {
      await connection.close();
    }
    return { process: child, pid, stop };
  } catch (error) {
    const ended = hasEnded();
    await stop();
    throw ended ? new StartError(`Temporal did not start: ${lastLine(logFile)} (more in ${logFile})`) : error;
  }
}

function lastLine(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').at(-1)?.slice(0, 300) ?? '';
}
