/** What only the history of an ended run knows: a cancel that it accepted, and that its journal has not carried. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { askTemporal } from '../../platform/temporal/ask.js';
import { cancelSaga } from '../../workflows/messages.js';

const READ_WITHIN_MS = 5_000;

/** True if an Update that cancels was accepted. Temporal keeps histories for a while only. @throws WorkflowNotFoundError */
export async function readEvidence(client: Client, sagaId: string, runId: string | undefined): Promise<boolean> {
  const read = () => client.workflow.getHandle(sagaId, runId).fetchHistory();
  const { events } = await askTemporal(client, READ_WITHIN_MS, read);
  return (events ?? []).some(
    ({ workflowExecutionUpdateAcceptedEventAttributes: accepted }) =>
      accepted?.acceptedRequest?.input?.name === cancelSaga.name,
  );
}

/** A history that is not kept any more tells nothing. */
export function ifKept(error: unknown): undefined {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}
