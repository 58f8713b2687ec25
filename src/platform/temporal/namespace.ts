/** Waiting for a Temporal server, and preparing its namespace. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { StartError } from '../start-error.js';
import type { TemporalTarget } from './target.js';
import { reasonOf } from '../reason.js';

const RETENTION_DAYS = 30;
const GRPC_ALREADY_EXISTS = 6;
const GRPC_DEADLINE_EXCEEDED = 4;
const GRPC_NOT_FOUND = 5;
const GRPC_PERMISSION_DENIED = 7;
const GRPC_UNAUTHENTICATED = 16;

function grpcCode(error: unknown): number | undefined {
  return isGrpcServiceError(error) ? error.code : undefined;
}

function lazyConnection(target: TemporalTarget): Connection {
  try {
    return Connection.lazy({ address: target.address, ...target.connection });
  } catch (error) {
    throw new StartError(
      `Temporal's TLS settings cannot be used (${reasonOf(error)}): correct the certificate and key of TEMPORAL_TLS_… or temporal.toml.`,
    );
  }
}

/** Connects, and tries again until the server answers, `patience` is over or `giveUp` says so. */
export async function connectTemporal(
  target: TemporalTarget,
  patience: number,
  giveUp: () => boolean = () => false,
): Promise<Connection> {
  const end = performance.now() + patience;
  for (;;) {
    const connection = lazyConnection(target);
    try {
      await connection.withDeadline(Date.now() + 2_000, async () => {
        await connection.workflowService.describeNamespace({ namespace: target.namespace });
      });
      return connection;
    } catch (error) {
      await connection.close();
      const code = grpcCode(error);
      if (code === GRPC_PERMISSION_DENIED || code === GRPC_UNAUTHENTICATED) {
        throw new StartError(
          `Temporal at ${target.address} refuses us: check TEMPORAL_API_KEY or the TLS certificate.`,
        );
      }
      if (giveUp() || performance.now() >= end) throw absence(target, code, error);
      await sleep(100);
    }
  }
}

function absence(target: TemporalTarget, code: number | undefined, error: unknown): StartError {
  if (code === GRPC_NOT_FOUND) {
    return new StartError(
      `Temporal at ${target.address} has no namespace "${target.namespace}": create it, or set TEMPORAL_NAMESPACE.`,
    );
  }
  const reason = code === GRPC_DEADLINE_EXCEEDED ? 'no answer, or none of Temporal' : reasonOf(error);
  return new StartError(
    `Temporal does not answer at ${target.address} (${reason}): start it with npx --no unwind start temporal, or set TEMPORAL_ADDRESS.`,
  );
}

/** Registers search attributes of the type Keyword. Those that exist stay. */
export async function registerSearchAttributes(
  connection: Connection,
  namespace: string,
  names: readonly string[],
): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const keyword = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
  for (const name of names) {
    if (customAttributes?.[name] === keyword) continue;
    if (customAttributes?.[name] !== undefined) {
      throw new StartError(`Temporal's search attribute ${name} is not of the type Keyword: remove or rename it.`);
    }
    try {
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: { [name]: keyword } });
    } catch (error) {
      if (grpcCode(error) !== GRPC_ALREADY_EXISTS) throw error;
    }
  }
}

/** Sets the retention of closed workflows, which is one day on the dev server by default. */
export async function keepClosedWorkflows(connection: Connection, namespace: string): Promise<void> {
  const retention = proto.google.protobuf.Duration.fromObject({ seconds: RETENTION_DAYS * 24 * 3_600 });
  await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: retention } });
}
