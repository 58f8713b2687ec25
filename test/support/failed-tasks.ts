/** What has failed workflow tasks: no history may hold one that its test did not ask for (rule 36). */
import type { History } from '@temporalio/common/lib/proto-utils.js';
import proto from '@temporalio/proto';

const { WorkflowTaskFailedCause } = proto.temporal.api.enums.v1;

/** The server itself writes these: a reset, an event that came while a task ran, and a run that was terminated under it. */
const BY_THE_SERVER: ReadonlySet<unknown> = new Set([
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
  WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND,
]);

/** A sentence for each. */
export const failedTasksIn = ({ events }: { readonly events?: History['events'] }): string[] =>
  (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
    failed && !BY_THE_SERVER.has(failed.cause) ? [`${failed.cause}: ${failed.failure?.message}`] : [],
  );
