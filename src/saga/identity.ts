/** Identity comes from the engine (rule 19): a workflow acts for the saga whose id is its own workflow's, and for no other. */
import { ApplicationFailure } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';
import { SAGA_REFUSED } from './messages.js';
import type { CarriedSaga, Definition } from './run.js';

/** Fails the workflow for good. To be called before anything is scheduled: nothing is undone, and nothing is journaled. */
export function refuseSaga(sentence: string): never {
  throw ApplicationFailure.create({ type: SAGA_REFUSED, message: sentence, nonRetryable: true });
}

/**
 * A copy of a saga's input under another workflow id (*Start Workflow Like This One*, a schedule, a child) would work on
 * the original's effects. A reset and a continue-as-new keep the workflow's id.
 *
 * @throws ApplicationFailure `SagaRefused`
 */
export function requireOwnWorkflow(
  { id: sagaId, deadline }: Pick<Definition, 'id' | 'deadline'>,
  carried: CarriedSaga | undefined,
): void {
  const { workflowId } = workflowInfo();
  if (sagaId !== workflowId) refuseSaga(`The saga ${sagaId} runs in the workflow ${sagaId}, not in ${workflowId}`);
  if (carried && carried.record.sagaId !== sagaId)
    refuseSaga(`What was carried over belongs to the saga ${carried.record.sagaId}, not to ${sagaId}`);
  if (!(deadline > 0)) refuseSaga(`The saga ${sagaId} has no deadline`);
}
