/** PostgreSQL and Temporal as components. */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Component, Running } from './component.js';
import type { Config } from '../../config/config.js';
import { logFileFor } from './log-file.js';
import { endOf } from './node-component.js';
import { startPostgres } from '../postgres/server.js';
import { findTemporal } from '../temporal/finder.js';
import { startTemporal } from '../temporal/server.js';
import type { TemporalTarget } from '../../platform/temporal/target.js';
import { databaseUrlFile } from '../../config/find-database.js';

type Show = (line: string) => void;

function runningServer(child: ChildProcess, where: string, stop: () => Promise<void>): Running {
  return { pid: child.pid ?? 0, where, ended: endOf(child), stop, kill: () => child.kill('SIGKILL') };
}

export function postgresComponent(
  config: Config,
  logFolder: string,
  show: Show,
  onUrl: (url: string) => void,
): Component {
  return {
    name: 'postgres',
    start: async (signal) => {
      signal.throwIfAborted();
      const server = await startPostgres({
        dataDir: config.dataDir,
        port: config.postgresPort,
        durable: true,
        logFile: logFileFor(logFolder, 'postgres'),
        notice: show,
      });
      writeFileSync(databaseUrlFile(config.dataDir), server.url, { mode: 0o600 });
      onUrl(server.url);
      return runningServer(server.process, `127.0.0.1:${server.port}`, server.stop);
    },
  };
}

export function temporalComponent(config: Config, target: TemporalTarget, logFolder: string, show: Show): Component {
  return {
    name: 'temporal',
    start: async (signal) => {
      const program = await findTemporal({ notice: show, env: process.env, signal });
      signal.throwIfAborted();
      const server = await startTemporal({
        program,
        dataDir: config.dataDir,
        port: config.temporalPort,
        uiPort: config.temporalUiPort,
        target,
        logFile: logFileFor(logFolder, 'temporal'),
        notice: show,
      });
      const where = `${target.address}  (temporal ${program.version}, from ${program.from})`;
      return runningServer(server.process, where, server.stop);
    },
  };
}
