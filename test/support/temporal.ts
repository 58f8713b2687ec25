/**
 * Temporal's time-skipping server, one for each test file that asks for it.
 *
 * What it does otherwise than a real server (read in the source of 1.38.0, `io.temporal.internal.testservice`), and what
 * a test must therefore do:
 *
 *  1. Tasks and queries for a worker that is gone wait for ever: sticky queues have no time-out here, and a query of a
 *     closed run needs a worker as well. So one worker serves one queue for as long as anybody may ask, and a worker
 *     that is to be restarted under open workflows has `maxCachedWorkflows: 0` (no sticky queue). A task that nobody
 *     takes also stops time for everybody.
 *  2. Unlocked and idle, time runs away: it jumps to the next timer, and where a saga waits for an operator that is the
 *     ten-year time-out of its run. The run is closed, and an Update then answers `update … not found`. So time is not
 *     unlocked to wait: it passes by `skip`, which ends locked, or by `skipUntil`, in small steps.
 *  3. Time stays stopped for good if a run closes while one of its activities is running (a cancelled one, say), or if
 *     an activity is cancelled in its back-off and the run is still open when the next attempt was due: nobody gives
 *     those locks back. So the last activity of a run waits until it is the only one (`lastOf`), and nothing is
 *     cancelled in a back-off. `skip` fails after half a minute in which time stood still.
 *  4. A run breaks, and time with it, if an activity ends while the workflow task that cancels it is under way: an
 *     action that is cancelled must not end before its cancel is in the history. An Update is answered after that; after
 *     Temporal's own cancel wait for the workflow task.
 *  5. A query that arrives while a workflow task runs that continues as new breaks the run: such runs are not queried
 *     before the new one is there (`describe` is safe), or are tested on the dev server.
 *  6. A budget whose end falls on a whole second (one in a thousand) is not kept: the activity is retried for ever.
 *  7. Two timers of a run that end at the same moment, while one of its activities waits for its next attempt, stop time
 *     once in five or so (seen, not read): approvals that are awaited in parallel have different time-outs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Context } from '@temporalio/activity';
import { Runtime, Worker, type ActivityInterceptorsFactory, type WorkerOptions } from '@temporalio/worker';
import { freePort } from '../../src/platform/ports.js';
import { bundleWorkflows } from '../../src/worker/bundle.js';
import { passTime } from '../../src/saga/testing/time.js';
import { environmentOf } from './environment.js';
import { eventually } from './eventually.js';

const KEYWORD = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

export interface TestEnv {
  /**
   * A plain client. (`env.client` of the SDK locks and unlocks time around each result: several results at once hang.)
   */
  readonly client: Client;
  /** What the SDK itself calls the environment. */
  readonly environment: TestWorkflowEnvironment;
  readonly connection: TestWorkflowEnvironment['connection'];
  readonly nativeConnection: TestWorkflowEnvironment['nativeConnection'];
  readonly namespace: string;
  readonly address: string;
  /** Lets time skip, from now on: sleeps and back-offs end at once. Do what must come first (a cancel) before. */
  unlock(): Promise<void>;
  /** Time passes as on the clock again. */
  lock(): Promise<void>;
  /** Lets this many milliseconds pass, skipping what is idle, and stops time again: see 2 and 3 above. */
  skip(milliseconds: number): Promise<void>;
  /** Lets time pass until `awaited` has settled, ten minutes at a time. */
  skipUntil<T>(awaited: Promise<T>): Promise<T>;
  /** The server's time in milliseconds. */
  now(): Promise<number>;
  /** Runs `body` while a worker serves the task queue; the worker has shut down when this returns. */
  withWorker<T>(options: TestWorkerOptions, body: () => Promise<T>): Promise<T>;
  /** Starts a worker that runs until it is stopped. */
  startWorker(options: TestWorkerOptions): Promise<TestWorker>;
  /** The same for several queues, as if they were one. */
  startWorkers(options: readonly TestWorkerOptions[]): Promise<TestWorker>;
  close(): Promise<void>;
}

export interface TestWorker {
  /** Stops polling at once; resolves when the running activities have ended. */
  stop(): Promise<void>;
}

export type TestWorkerOptions = Omit<WorkerOptions, 'connection' | 'namespace'>;

let runtimeIsSet = false;

/** What workers and workflows have logged as errors, in this test file. */
export const loggedErrors: { readonly message: string; readonly meta?: unknown }[] = [];

/** The SDK's own chatter stays out of the test report; its warnings show with TEMPORAL_LOG=1. */
export function quietRuntime(): void {
  if (runtimeIsSet) return;
  runtimeIsSet = true;
  const silent = (): void => undefined;
  const error = (message: string, meta?: unknown): void => void loggedErrors.push({ message, meta });
  const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error };
  try {
    const quiet = { logger, telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } as const } } };
    Runtime.install({ shutdownSignals: [], ...(process.env['TEMPORAL_LOG'] ? {} : quiet) });
  } catch {
    // Another test file of this process has installed it.
  }
}

/**
 * The SDK itself would give the server five seconds to start, which is not enough on a crowded machine: it is
 * started here, and the SDK is told that it can skip time (by the method behind its own `create…`, private in 1.24).
 */
async function startServer(): Promise<TestWorkflowEnvironment> {
  const port = await freePort();
  const executable = environmentOf('TEST_TEMPORAL_TEST_SERVER');
  const server = spawn(executable, [String(port)], { stdio: 'ignore' });
  server.unref();
  await eventually('the time-skipping server', 60_000, () => accepts(port));
  const address = `127.0.0.1:${port}`;
  const env = await TestWorkflowEnvironment['create']({
    server: { type: 'existing' },
    supportsTimeSkipping: true,
    address,
  });
  const teardown = env.teardown.bind(env);
  env.teardown = async () => {
    await teardown();
    server.kill('SIGKILL');
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
  };
  return env;
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

/** Starts a server with time locked (as on the clock) and the search attributes registered. */
export async function createTimeSkipping(): Promise<TestEnv> {
  quietRuntime();
  const env = await startServer();
  const namespace = env.namespace ?? 'default';
  const { testService } = env.connection;
  if (testService === undefined) throw new Error('this server cannot skip time');
  await env.connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: { SagaState: KEYWORD, SagaBlockedOn: KEYWORD },
  });
  const skip = (milliseconds: number): Promise<void> => passTime(env, milliseconds);
  return {
    ...serving(env),
    unlock: async () => {
      await testService.unlockTimeSkipping({});
    },
    lock: async () => {
      await testService.lockTimeSkipping({});
    },
    skip,
    async skipUntil(awaited) {
      const still = Symbol('not settled');
      const settled = awaited.catch(() => undefined);
      while ((await Promise.race([settled, nextTurn(still)])) === still) await skip(10 * 60_000);
      return await awaited;
    },
    now: async () => await env.currentTimeMs(),
  };
}

/** What does not depend on how a server's time passes. */
export function serving(env: TestWorkflowEnvironment) {
  const namespace = env.namespace ?? 'default';
  const { connection, nativeConnection, address } = env;
  const create = (options: TestWorkerOptions): Promise<Worker> =>
    Worker.create({ ...options, connection: nativeConnection, namespace });
  return {
    client: new Client({ connection, namespace }),
    environment: env,
    connection,
    nativeConnection,
    namespace,
    address,
    withWorker: async <T>(options: TestWorkerOptions, body: () => Promise<T>): Promise<T> =>
      (await create(options)).runUntil(body),
    startWorker: async (options: TestWorkerOptions): Promise<TestWorker> => running([await create(options)]),
    startWorkers: async (options: readonly TestWorkerOptions[]): Promise<TestWorker> =>
      running(await Promise.all(options.map(create))),
    close: async () => {
      await env.teardown();
    },
  };
}

function running(workers: readonly Worker[]): TestWorker {
  const ended = Promise.all(workers.map((worker) => worker.run()));
  return {
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}

/** An interceptor: the activities named here are the last of their run, and wait until no other is running. */
export const lastOf =
  (client: Client, activities: readonly string[]): ActivityInterceptorsFactory =>
  () => ({
    inbound: {
      async execute(input, next) {
        const { activityType, workflowExecution } = Context.current().info;
        if (!workflowExecution || !activities.includes(activityType)) return next(input);
        const handle = client.workflow.getHandle(workflowExecution.workflowId, workflowExecution.runId);
        while (((await handle.describe()).raw.pendingActivities?.length ?? 0) > 1) await pause(5);
        return next(input);
      },
    },
  });

/** The order workflows, bundled once for all test files: pass it as the worker's `workflowBundle`. */
export const workflowBundle = async (): Promise<{ codePath: string }> => ({
  codePath: await madeOnce('workflow-bundle.js', bundleWorkflows),
});

/** The path of a file that the first test file to ask for it makes, for all files of this run. */
export async function madeOnce(name: string, make: () => Promise<string>): Promise<string> {
  const file = path.join(environmentOf('TEST_FOLDER'), name);
  if (!existsSync(file)) {
    writeFileSync(`${file}.${process.pid}`, await make());
    renameSync(`${file}.${process.pid}`, file);
  }
  return file;
}
