/**
 * The repair of an order whose run was ended from outside: its compensations, and nothing else. An operator orders it, and
 * it runs under the saga's own workflow id, so that Temporal refuses it while another run lives. It is steered as any saga:
 * a compensation that fails waits for an operator.
 */
import { workflowInfo } from '@temporalio/workflow';
import { sagaIdOf } from '../order.js';
import { defineSaga, last, refuseSaga, type CarriedSaga, type SagaOutcome } from '../saga/saga.js';
import { requireInput } from './input.js';
import { SAGA_TYPE, type SagaRepairInput } from './messages.js';
import { activitiesOn, orderSteps } from './order-steps.js';
import { showInWebUi } from './visibility.js';

const repair = defineSaga(
  {
    type: SAGA_TYPE,
    check: requireInput,
    id: ({ orderId }: SagaRepairInput) => sagaIdOf(orderId),
    data: ({ orderId }) => ({ orderId }),
    deadline: ({ policy }) => policy.deadline,
    steps: ({ policy }) => orderSteps(policy),
    afterUnwinding: ({ notice }, input) => (input.notice ? last(notice, { orderId: input.orderId }) : undefined),
    storeJournal: ({ policy }) => (policy.journal ? activitiesOn(workflowInfo().taskQueue).storeJournal : undefined),
    historyLimit: ({ policy }) => policy.historyLimit,
    onEntry: showInWebUi,
  },
  async () => refuseSaga('A repair goes back only'),
);

/** Undoes the stack that it is given, and ends with the verdict of the saga: FAILED, CANCELLED, or the one that it keeps. */
export async function sagaRepair(input: SagaRepairInput, carried?: CarriedSaga): Promise<SagaOutcome> {
  if (!carried) refuseSaga('A repair needs the state of the saga that it repairs');
  return await repair(input, carried);
}
