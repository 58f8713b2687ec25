/**
 * `npm start`: everything under one supervisor. With the argument `temporal` or `postgres`: that server alone. The
 * first signal ends all of it in order, with exit code 0; a second Ctrl-C kills the remaining processes.
 */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { choosePorts, type Extent, portsToUse } from './choose-ports.js';
import { type Config, loadConfig } from '../../config/config.js';
import { type Ownership, takeOwnership } from './ownership.js';
import { endLeftoverPostgres } from '../postgres/data.js';
import { makePrivate, makePrivateFiles } from '../machine/private-data.js';
import { readyBlock } from './ready-block.js';
import { programsOf, requireStartable } from '../../config/refusals.js';
import { StartError, startSentence } from '../../platform/start-error.js';
import { type Plan, startSystem, stopSystem, type System } from './system.js';
import { endLeftoverTemporal } from '../temporal/server.js';
import { temporalTarget } from '../../platform/temporal/target.js';
import { openTerminal } from './terminal.js';
import { readDotEnv } from '../../config/dot-env.js';

/** npm passes a Ctrl-C on, and the terminal delivers it as well, so that one Ctrl-C arrives twice. */
const SAME_CTRL_C = 1_000;
/** Longer than the children of a killed supervisor may take to end. */
const PREDECESSOR_PATIENCE = 30_000;

const terminal = openTerminal((text) => process.stdout.write(text));

function partOf(argument: string | undefined): Extent['part'] {
  if (argument === undefined) return 'all';
  if (argument === 'postgres' || argument === 'temporal') return argument;
  throw new StartError(`"${argument}" is nothing that can be started: say temporal or postgres, or nothing for all.`);
}

function onSignals(stopping: AbortController, system: System): void {
  let since: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (since === undefined) {
      since = performance.now();
      terminal.say(`stopping (${signal})${signal === 'SIGINT' ? '; Ctrl-C again ends it by force' : ''}`);
      stopping.abort();
    } else if (signal === 'SIGINT' && performance.now() - since > SAME_CTRL_C) {
      terminal.say('ending by force');
      for (const supervised of system.up) supervised.kill();
      process.exit(1);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}

/** Takes the ownership of the data directory, and ends the processes that a killed owner has left there. */
async function takeOver(dataDir: string, extent: Extent, owned: Ownership[]): Promise<boolean> {
  if (extent.part === 'all') owned.push(takeOwnership(dataDir, 'start'));
  if (extent.postgres) owned.push(takeOwnership(dataDir, 'start-postgres'));
  if (extent.temporal) owned.push(takeOwnership(dataDir, 'start-temporal'));
  const home = realpathSync(dataDir);
  makePrivate(home);
  if (extent.postgres) {
    await endLeftoverPostgres(path.join(home, 'postgres'), (sentence) => terminal.tell('postgres', sentence));
  }
  if (extent.temporal) await endLeftoverTemporal(home, (sentence) => terminal.tell('temporal', sentence));
  return owned.some(({ predecessorWasKilled }) => predecessorWasKilled);
}

function extentOf(part: Extent['part'], config: Config): Extent {
  return {
    part,
    postgres: part === 'postgres' || (part === 'all' && config.databaseUrl === undefined),
    temporal: part === 'temporal' || (part === 'all' && !temporalTarget(config.temporalPort).configured),
  };
}

/** Servers of our own are for development: one process each, on one disk, Temporal's without authentication. */
function unfitForProduction({ environment }: Config, { part, postgres, temporal }: Extent): string[] {
  if (environment !== 'production' || part !== 'all') return [];
  return [
    ...(postgres ? ['in production set DATABASE_URL: the embedded PostgreSQL is for development.'] : []),
    ...(temporal ? ["in production set TEMPORAL_ADDRESS: Temporal's dev server is for development."] : []),
  ];
}

/** The plan follows the environment in everything but the ports. */
function planFor(extent: Extent, env: NodeJS.ProcessEnv, signal: AbortSignal): Plan {
  const config = loadConfig(env);
  const target = temporalTarget(config.temporalPort);
  const own = { ...target, configured: false, address: `127.0.0.1:${config.temporalPort}`, connection: {} };
  const logFolder = path.join(config.dataDir, 'logs');
  return { config, target: extent.temporal ? own : target, extent, logFolder, terminal, signal };
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => {
    // Signal handlers alone do not keep a process alive, so this timer does.
    const alive = setInterval(() => undefined, 3_600_000);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      resolve(undefined);
    });
  });
}

async function run(part: string | undefined, signal: AbortSignal, system: System): Promise<void> {
  readDotEnv();
  const wanted = loadConfig();
  for (const warning of wanted.warnings) terminal.say(`warning: ${warning}`);
  const extent = extentOf(partOf(part), wanted);
  if (extent.part === 'all') requireStartable(programsOf(wanted), wanted);
  for (const warning of unfitForProduction(wanted, extent)) terminal.say(`warning: ${warning}`);
  makePrivateFiles();
  const owned: Ownership[] = [];
  try {
    const afterKill = await takeOver(wanted.dataDir, extent, owned);
    const patience = afterKill ? PREDECESSOR_PATIENCE : 0;
    const ports = await choosePorts(portsToUse(wanted, extent), wanted.listenHost, patience);
    const env = { ...ports, DATA_DIR: realpathSync(wanted.dataDir) };
    const plan = planFor(extent, { ...process.env, ...env }, signal);
    await startSystem(plan, system, env);
    terminal.say(readyBlock(plan, system.databaseUrl));
    await untilAborted(signal);
  } finally {
    await stopSystem(system, terminal);
    for (const ownership of owned) ownership.release();
  }
}

/** Runs until a signal ends it, and ends the process. `part` is the argument: `temporal`, `postgres`, or none for all. */
export async function startSupervised(part: string | undefined): Promise<never> {
  // If the terminal is gone, output fails, but everything must still be stopped in order.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const stopping = new AbortController();
  const system: System = { up: [], databaseUrl: undefined };
  onSignals(stopping, system);
  process.on('uncaughtException', (error) => {
    terminal.say(`the supervisor failed: ${startSentence(error)}`);
    process.exitCode = 1;
    stopping.abort();
  });
  try {
    await run(part, stopping.signal, system);
  } catch (error) {
    // An error that comes from a signal is not a failure.
    if (!stopping.signal.aborted) {
      process.stderr.write(`unwind: ${startSentence(error)}\n`);
      process.exitCode = 1;
    }
  }
  return process.exit();
}
