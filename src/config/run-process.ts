/** The common part of our Node processes: configuration, log, signals, and one sentence if they do not start. */
import { type Logger, pino } from 'pino';
import { describeError } from '../platform/describe-error.js';
import { type Config, loadConfig } from './config.js';
import { requireStartable } from './refusals.js';
import type { Program } from './settings/variable.js';
import { StartError, startSentence } from '../platform/start-error.js';
import { startRecording } from '../platform/observability/spans.js';
import { redact } from '../platform/secrets.js';
import { readDotEnv } from './dot-env.js';

/** A second signal within this time belongs to the same Ctrl-C, because npm passes it on as well. */
const SAME_CTRL_C = 1_000;
const STOP_PATIENCE = 25_000;

export interface Started {
  /** The address, for people. */
  readonly where: string;
  readonly stop: () => Promise<void>;
  /** Rejects when it cannot go on. */
  readonly failure?: Promise<never>;
}

/** How a process that was started by another one says that it is ready, or why it is not. */
export type Report = { readonly ready: string } | { readonly failed: string };

export interface Setting {
  readonly config: Config;
  readonly logger: Logger;
}

function report(message: Report): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}

/** Reports the error on the terminal, or to the supervisor if there is one, and ends with exit code 1. */
function giveUp(name: string, error: unknown): void {
  const sentence = startSentence(error);
  report({ failed: sentence });
  process.stderr.write(`unwind ${name}: ${sentence}\n`);
  // A stack trace only for an unforeseen error, and only on request.
  if (!(error instanceof StartError) && process.env['LOG_LEVEL'] === 'debug')
    process.stderr.write(`${redact(String(error))}\n`);
  setTimeout(() => process.exit(1), 100);
}

function stopOnSignals(name: string, logger: Logger, stop: () => Promise<void>): void {
  let since: number | undefined;
  const onSignal = (signal: string): void => {
    if (since !== undefined) {
      if (signal === 'SIGINT' && performance.now() - since > SAME_CTRL_C) process.exit(1);
      return;
    }
    since = performance.now();
    logger.info({ signal }, `${name} stops`);
    setTimeout(() => process.exit(1), STOP_PATIENCE).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, `${name} did not stop cleanly`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => onSignal(signal));
  // The supervisor is gone, for any reason, so no process would restart or stop this one.
  process.on('disconnect', () => onSignal('disconnect'));
}

/**
 * Runs one process from its start to the signal that ends it. Everything that can be refused is refused before
 * `start` is called.
 */
export async function runProcess(
  name: string,
  program: Program,
  start: (setting: Setting) => Promise<Started>,
): Promise<void> {
  // If the reader of our output is gone, output fails, and the process goes on.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  let started: Started | undefined;
  try {
    readDotEnv();
    const config = loadConfig();
    requireStartable([program], config);
    const logger = pino({
      level: config.logLevel,
      base: { component: name },
      serializers: { err: describeError },
      hooks: { streamWrite: redact },
    });
    if (!process.connected) for (const warning of config.warnings) logger.warn(warning);
    const stopRecording = await startRecording(name, process.env);
    stopOnSignals(name, logger, async () => {
      await started?.stop();
      await stopRecording();
    });
    const fail = (error: unknown): void => {
      if (started === undefined) {
        giveUp(name, error);
        return;
      }
      logger.fatal({ err: error }, `${name} cannot go on: ${startSentence(error)}`);
      process.exit(1);
    };
    process.on('uncaughtException', fail);
    process.on('unhandledRejection', fail);
    started = await start({ config, logger });
    started.failure?.catch(fail);
    logger.info(`${name} is up: ${started.where}`);
    report({ ready: started.where });
  } catch (error) {
    giveUp(name, error);
  }
}
