/** How a saga is described: by its definition, and by a body that runs its steps. */
import { ApplicationFailure } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';
import { SAGA_MESSAGES, SAGA_REFUSED, type SagaMessages } from './messages.js';
import type { SagaRecord } from './record.js';
import type { Compensatable, Pivot, Retriable, Step, StoreJournal } from './step.js';

/** A step with its input, to be run after the unwinding. */
export interface LastStep {
  readonly step: Step;
  readonly input: unknown;
}

/** The step that closes a saga which has been undone: for `afterUnwinding`. */
export const last = <Input>(step: Retriable<Input, unknown>, input: Input): LastStep => ({ step, input });

/** The operations that a body has. */
export interface Saga {
  /** Runs a step, once. The error that it throws ends the body: let it pass. */
  run<Input, Result>(step: Compensatable<Input, Result>, input: Input): Promise<Result>;
  /** `undefined` if no result is known: an operator answered for the step, or it became a dead letter. */
  run<Input, Result>(step: Pivot<Input, Result> | Retriable<Input, Result>, input: Input): Promise<Result | undefined>;
  /**
   * Runs the step with which the saga completes: nothing may run beside it or after it. The verdict is stored with
   * it, so that the journal costs no extra action. Optional, because a saga also ends with its body. If the step
   * exhausts its budget, it becomes a dead letter.
   */
  last<Input>(step: Retriable<Input, unknown>, input: Input): Promise<void>;
  /**
   * Waits for an Update `approve`. If it is rejected or expires, the saga unwinds. `timeout` is in milliseconds.
   * Approvals that wait at the same time need different names.
   */
  awaitApproval(approval: string, timeout: number): Promise<void>;
}

export type Steps = Readonly<Record<string, Step>>;

/** Runs the steps of one saga; it is given the definition's steps and the workflow's input. */
export type Body<Input, Known> = (saga: Saga, steps: Known, input: Input) => Promise<unknown>;

/** Everything about a saga except its body. A function gets the workflow's input. */
export interface SagaDefinition<Input, Known> {
  /** The saga's type in the journal: `OrderFulfillment`. Not `Saga…`: the events of the library begin with that. */
  readonly type: string;
  /** The saga's id, which must be the workflow's own id: any other is refused (rule 19). */
  readonly id: (input: Input) => string;
  /** Ids and totals that the saga starts with; results of steps are added. Never personal data. */
  readonly data?: (input: Input) => SagaRecord['data'];
  /** Milliseconds from the start of the first run; shortens compensatable actions, their probes and approvals only. */
  readonly deadline: number | ((input: Input) => number);
  /** Every step that the body may run, each once. They are listed in this order. */
  readonly steps: Known | ((input: Input) => Known);
  /** Refuses an input that is not valid before anything is called: see `refuseSaga`. */
  readonly check?: (input: Input) => void;
  /** Other names for messages, if the workflow needs the usual ones itself. */
  readonly messages?: Partial<SagaMessages>;
  /** The step after the last compensation, which closes the saga, for example a notice. The body does not run it. */
  readonly afterUnwinding?: (steps: Known, input: Input) => LastStep | undefined;
  /** If it gives an activity, the journal is carried out of the workflow: see journal/carry.ts. */
  readonly storeJournal?: (input: Input) => StoreJournal | undefined;
  /** Called after each transition, to show it: search attributes, current details. It must not wait. */
  readonly onEntry?: (record: SagaRecord, before: SagaRecord, input: Input) => void;
  /** Events in the history after which a saga is continued as new; the server's own suggestion counts as well. */
  readonly historyLimit?: (input: Input) => number | undefined;
}

/** A definition and its body, applied to the input of one workflow. */
export type Definition = ReturnType<typeof definitionOf>;

/**
 * Applies a definition to one input.
 *
 * @param carriedId the saga whose state was carried over, if there is one
 * @throws ApplicationFailure `SagaRefused` if the saga is not this workflow's (rule 19)
 */
export function definitionOf<Input, Known extends Steps>(
  saga: SagaDefinition<Input, Known>,
  body: Body<Input, Known>,
  input: Input,
  carriedId?: string,
) {
  saga.check?.(input);
  const id = saga.id(input);
  const deadline = typeof saga.deadline === 'function' ? saga.deadline(input) : saga.deadline;
  // Identity comes from Temporal: a workflow acts for the saga whose id is its own workflow's, and for no other. A copy of
  // a saga's input under another workflow id (*Start Workflow Like This One*, a schedule, a child) would work on the
  // original's effects. A reset and a continue-as-new keep the workflow's id.
  const { workflowId } = workflowInfo();
  if (id !== workflowId) refuseSaga(`The saga ${id} runs in the workflow ${id}, not in ${workflowId}`);
  if (carriedId !== undefined && carriedId !== id)
    refuseSaga(`The carried state belongs to the saga ${carriedId}, not to ${id}`);
  if (!(deadline > 0)) refuseSaga(`The saga ${id} has no deadline`);
  const steps = typeof saga.steps === 'function' ? saga.steps(input) : saga.steps;
  const known = Object.values(steps);
  if (new Set(known.map(({ name }) => name)).size < known.length) throw new Error('Two steps have the same name');
  const poor = known.find((step) => callsOf(step).some(({ budget }) => !(budget.attempt > 0 && budget.total > 0)));
  if (poor) refuseSaga(`A budget of the step ${poor.name} is not positive`);
  const afterUnwinding = saga.afterUnwinding?.(steps, input);
  return {
    id,
    type: saga.type,
    deadline,
    data: saga.data?.(input) ?? {},
    /** Every step that the body may run: compensations are found here by name. */
    steps: known.filter((step) => step !== afterUnwinding?.step),
    afterUnwinding,
    body: (able: Saga): Promise<unknown> => body(able, steps, input),
    messages: { ...SAGA_MESSAGES, ...saga.messages },
    storeJournal: saga.storeJournal?.(input),
    historyLimit: saga.historyLimit?.(input),
    onEntry: (record: SagaRecord, before: SagaRecord): void => saga.onEntry?.(record, before, input),
  };
}

const callsOf = (step: Step): readonly Pick<Step['action'], 'budget'>[] =>
  step.kind === 'compensatable' ? [step.action, step.compensation, step.probe ?? step.action] : [step.action];

/**
 * Fails the workflow for good. Call it before anything is scheduled: nothing is undone, and nothing is journaled.
 *
 * @throws ApplicationFailure `SagaRefused`, always
 */
export function refuseSaga(sentence: string): never {
  throw ApplicationFailure.create({ type: SAGA_REFUSED, message: sentence, nonRetryable: true });
}
