/** Temporal's time-skipping server, one for each test file that asks for it. */
import { renameSync, writeFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { bundleWorkflows } from '../../src/main/workflow-bundle.js';
import { environmentOf } from './environment.js';

const KEYWORD = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

export interface TestEnv {
  /**
   * A plain client. (`env.client` of the SDK locks and unlocks time around each result: several results at once hang.)
   */
  readonly client: Client;
  readonly connection: TestWorkflowEnvironment['connection'];
  readonly nativeConnection: TestWorkflowEnvironment['nativeConnection'];
  readonly namespace: string;
  readonly address: string;
  /** Lets time skip, from now on: sleeps and back-offs end at once. Do what must come first (a cancel) before. */
  unlock(): Promise<void>;
  /** Time passes as on the clock again. */
  lock(): Promise<void>;
  /** The server's time in milliseconds. */
  now(): Promise<number>;
  /** Runs `body` while a worker serves the task queue; the worker has shut down when this returns. */
  withWorker<T>(options: TestWorkerOptions, body: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export type TestWorkerOptions = Omit<WorkerOptions, 'connection' | 'namespace'>;

let runtimeIsSet = false;

/** The SDK's own chatter stays out of the test report; its warnings show with TEMPORAL_LOG=1. */
export function quietRuntime(): void {
  if (runtimeIsSet) return;
  runtimeIsSet = true;
  try {
    Runtime.install({
      shutdownSignals: [],
      ...(process.env['TEMPORAL_LOG']
        ? {}
        : { logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} } }),
    });
  } catch {
    // Another test file of this process has installed it.
  }
}

/** The SDK gives a server five seconds; on a machine that is busy building, Java may need another try. */
async function startServer(tries = 3): Promise<TestWorkflowEnvironment> {
  const executable = { type: 'existing-path' as const, path: environmentOf('TEST_TEMPORAL_TEST_SERVER') };
  try {
    return await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  } catch (error) {
    if (tries > 1) return startServer(tries - 1);
    throw error;
  }
}

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
  return {
    client: new Client({ connection: env.connection, namespace }),
    connection: env.connection,
    nativeConnection: env.nativeConnection,
    namespace,
    address: env.address,
    unlock: async () => {
      await testService.unlockTimeSkipping({});
    },
    lock: async () => {
      await testService.lockTimeSkipping({});
    },
    now: async () => await env.currentTimeMs(),
    withWorker: async (options, body) => {
      const worker = await Worker.create({ ...options, connection: env.nativeConnection, namespace });
      return await worker.runUntil(body);
    },
    close: async () => {
      await env.teardown();
    },
  };
}

/** The order workflows, bundled once for all test files: pass it as the worker's `workflowBundle`. */
export async function workflowBundle(): Promise<{ codePath: string }> {
  const codePath = path.join(environmentOf('TEST_FOLDER'), 'workflow-bundle.js');
  if (!existsSync(codePath)) {
    writeFileSync(`${codePath}.${process.pid}`, await bundleWorkflows());
    renameSync(`${codePath}.${process.pid}`, codePath);
  }
  return { codePath };
}
