/** Temporal's own pause of a workflow: its actor, reason and time. */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { Pause } from '../problems.js';

/** Undefined if the workflow is not paused. */
export function pauseOf({ status, raw }: Pick<WorkflowExecutionDescription, 'status' | 'raw'>): Pause | undefined {
  if (status.name !== 'PAUSED') return undefined;
  const { identity, reason, pausedTime } = raw.workflowExtendedInfo?.pauseInfo ?? {};
  const since = pausedTime?.seconds;
  return {
    by: identity ?? '',
    reason: reason ?? '',
    ...(since && { since: new Date(Number(since) * 1_000 + Math.floor((pausedTime.nanos ?? 0) / 1e6)).toISOString() }),
  };
}
