/** What only Temporal knows: workflows that are paused, and workflows whose task keeps failing. */
import { isGrpcServiceError, WorkflowNotFoundError, type Client, type WorkflowExecutionInfo } from '@temporalio/client';
import { askTemporal } from '../../platform/temporal/ask.js';
import { TASK_QUEUE } from '../../workflows/messages.js';

const MOST = 1_000;
const PATIENCE_MS = 5_000;
/** An older server is asked for each workflow: so many of those that are quiet longest. */
const MOST_DESCRIBED = 50;
/** Attempts of one workflow task after which it counts as failing again and again. */
const FAILING_ATTEMPT = 3;

const FAILING = `TemporalReportedProblems IN ('category=WorkflowTaskFailed','category=WorkflowTaskTimedOut')`;

export interface SaidWorkflow {
  readonly workflowId: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** It runs on the task queue of the orders; other workflows count only if the journal knows them as sagas. */
  readonly isOurs: boolean;
}

/** gRPC's INVALID_ARGUMENT. */
const INVALID: ReadonlySet<number> = new Set([3]);

/** True if the server does not know the search attribute or the status, because it is older. */
function isUnknownToServer(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isGrpcServiceError(cause)) return INVALID.has(cause.code);
  }
  return false;
}

/** Undefined if the server does not know what is asked for. */
async function list(temporal: Client, query: string, taskQueue: string): Promise<SaidWorkflow[] | undefined> {
  const read = async (): Promise<SaidWorkflow[]> => {
    const found: SaidWorkflow[] = [];
    for await (const run of temporal.workflow.list({ query })) {
      found.push(said(run, taskQueue));
      if (found.length >= MOST) break;
    }
    return found;
  };
  try {
    return await askTemporal(temporal, PATIENCE_MS, read);
  } catch (error) {
    if (isUnknownToServer(error)) return undefined;
    throw error;
  }
}

type Run = Pick<WorkflowExecutionInfo, 'workflowId' | 'startTime' | 'taskQueue'>;

const said = (run: Run, taskQueue: string): SaidWorkflow => ({
  workflowId: run.workflowId,
  startedAt: run.startTime.toISOString(),
  isOurs: run.taskQueue === taskQueue,
});

/**
 * @param quiet ids of sagas without progress, the oldest first: a server that has no `TemporalReportedProblems` is asked
 * about these one by one
 * @throws TemporalUnavailableError
 */
export async function askAboutWorkflows(temporal: Client, quiet: readonly string[], taskQueue = TASK_QUEUE) {
  const paused = (await list(temporal, `ExecutionStatus = 'Paused'`, taskQueue)) ?? [];
  const failing = await list(temporal, `ExecutionStatus = 'Running' AND ${FAILING}`, taskQueue);
  return { paused, failing: failing ?? (await describeEach(temporal, quiet, taskQueue)) };
}

async function describeEach(temporal: Client, ids: readonly string[], taskQueue: string): Promise<SaidWorkflow[]> {
  const found: SaidWorkflow[] = [];
  for (const id of ids.slice(0, MOST_DESCRIBED)) {
    const describe = () => temporal.workflow.getHandle(id).describe();
    const run = await askTemporal(temporal, PATIENCE_MS, describe).catch((error: unknown) => {
      // Not found any more: the reconciler's matter.
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    });
    if (run && (run.raw.pendingWorkflowTask?.attempt ?? 0) >= FAILING_ATTEMPT) found.push(said(run, taskQueue));
  }
  return found;
}
