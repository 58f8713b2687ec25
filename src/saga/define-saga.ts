/** A saga as a workflow: its body goes forward step by step, and if it fails, everything on the stack is undone. */
import { ApplicationFailure, CancelledFailure, TemporalFailure } from '@temporalio/common';
import { allHandlersFinished, CancellationScope, condition, continueAsNew, log } from '@temporalio/workflow';
import { awaitApproval } from './approval.js';
import { requireOwnWorkflow } from './identity.js';
import { SAGA_MESSAGES, type SagaMessages } from './messages.js';
import { CANCEL_REQUESTED, foreign, hasEnded, isCommitted, mayStillUnwind, verdictOf } from './record.js';
import type { SagaOutcome, SagaRecord, Verdict } from './record.js';
import { carry, copyOf, openRun, requireForward, type CarriedSaga, type Run } from './run.js';
import { act, unwind } from './stack.js';
import { cancelledByTemporal, offerMessages, requestsAnswered } from './steering.js';
import type { Compensatable, Pivot, Retriable, Step, StoreJournal } from './step.js';
import { isStored, record, storeAll, storeAtRest } from './journal/carry.js';

/** A step with its input, to be run after the unwinding. */
export interface LastStep {
  readonly step: Step;
  readonly input: unknown;
}

export const last = <Input>(step: Retriable<Input, unknown>, input: Input): LastStep => ({ step, input });

/** What the body of a saga can do. */
export interface Saga {
  /** Runs a step, once. What it throws ends the body: let it pass. */
  run<Input, Result>(step: Compensatable<Input, Result>, input: Input): Promise<Result>;
  /** `undefined` if no result is known: an operator answered for the step, or it became a dead letter. */
  run<Input, Result>(step: Pivot<Input, Result> | Retriable<Input, Result>, input: Input): Promise<Result | undefined>;
  /**
   * Runs the step with which the saga completes: nothing may run beside it or after it. The verdict is stored with it, so
   * that a journal costs no action more. Optional; a saga also ends with its body. It becomes a dead letter if it is given
   * up.
   */
  last<Input>(step: Retriable<Input, unknown>, input: Input): Promise<void>;
  /**
   * Waits for an Update `approve`; rejected or expired, the saga unwinds. `timeout` is in milliseconds. Approvals that are
   * awaited at the same time have different names.
   */
  awaitApproval(approval: string, timeout: number): Promise<void>;
}

/** What a saga says of itself, apart from its body. A function gets the workflow's input. */
export interface SagaDefinition<Input, Steps> {
  /** The saga's type in the journal: `OrderFulfillment`. */
  readonly type: string;
  /** The saga's id, which must be the workflow's own id: any other is refused (rule 19). */
  readonly id: (input: Input) => string;
  /** Ids and totals that the saga starts with; results of steps are added. Never personal data. */
  readonly data?: (input: Input) => SagaRecord['data'];
  /** Milliseconds from the start of the first run; shortens compensatable actions, their probes and approvals only. */
  readonly deadline: number | ((input: Input) => number);
  /** Every step that the body may run, each once. They are listed in this order. */
  readonly steps: Steps | ((input: Input) => Steps);
  /** Refuses what is no input of this saga before anything is called: see `refuseSaga`. */
  readonly check?: (input: Input) => void;
  /** Other names for messages, if the workflow needs the usual ones itself. */
  readonly messages?: Partial<SagaMessages>;
  /** Runs after the last compensation, and closes the saga: a notice, say. The body does not run it. */
  readonly afterUnwinding?: (steps: Steps, input: Input) => LastStep;
  /** If it gives an activity, the journal is carried out of the workflow: see journal/carry.ts. */
  readonly storeJournal?: (input: Input) => StoreJournal | undefined;
  /** Called after each transition, to show it: search attributes, current details. Must not wait. */
  readonly onEntry?: (record: SagaRecord, before: SagaRecord, input: Input) => void;
  /** Events in the history after which a saga is continued as new; the server's own suggestion counts as well. */
  readonly historyLimit?: (input: Input) => number | undefined;
}

/** Of a saga as it stands: `carried` is what a run that is continued as new gets from the one before it. */
export type SagaWorkflow<Input> = (input: Input, carried?: CarriedSaga) => Promise<SagaOutcome>;

type Steps = Readonly<Record<string, Step>>;

/**
 * Makes a workflow of a body that runs steps. If it fails or is cancelled, everything on the stack is undone in reverse,
 * and the outcome says which it was; a business refusal is an outcome, not an error. The workflow ends when the saga has
 * ended and its message handlers have finished. A saga that is steered for very long runs its body once more in a new run,
 * and each finished step gives again what it gave: between its steps a body only computes.
 *
 * ```ts
 * export const bookTrip = defineSaga(
 *   { type: 'TripBooking', id: (trip: Trip) => trip.tripId, deadline: HOUR, steps: { bookHotel, issueTickets } },
 *   async (saga, { bookHotel, issueTickets }, trip) => {
 *     await saga.run(bookHotel, trip);
 *     await saga.run(issueTickets, trip);
 *   },
 * );
 * ```
 *
 * @throws CancelledFailure if Temporal's own cancel started the unwinding, so that Temporal shows *Canceled*
 * @throws ApplicationFailure `SagaRefused` before anything else, if the saga's id is not the workflow's id (rule 19)
 */
export function defineSaga<Input, Known extends Steps>(
  saga: SagaDefinition<Input, Known>,
  body: (saga: Saga, steps: Known, input: Input) => Promise<unknown>,
): SagaWorkflow<Input> {
  return async (input, carried) => {
    saga.check?.(input);
    const { type, deadline, onEntry } = saga;
    const definition = {
      type,
      id: saga.id(input),
      deadline: typeof deadline === 'function' ? deadline(input) : deadline,
      messages: { ...SAGA_MESSAGES, ...saga.messages },
      onEntry: (now: SagaRecord, before: SagaRecord): void => onEntry?.(now, before, input),
    };
    requireOwnWorkflow(definition, carried);
    const steps = typeof saga.steps === 'function' ? saga.steps(input) : saga.steps;
    const afterUnwinding = saga.afterUnwinding?.(steps, input);
    const more = {
      data: copyOf(saga.data?.(input) ?? {}),
      steps: distinct(Object.values(steps)).filter((step) => step !== afterUnwinding?.step),
      afterUnwinding,
      storeJournal: saga.storeJournal?.(input),
      historyLimit: saga.historyLimit?.(input),
    };
    const { cancelRequested, consideredCancelled } = CancellationScope.current();
    // Nothing in here is cancelled from outside: Temporal's cancel is passed on only while it can be acted on (rule 27).
    return CancellationScope.nonCancellable(async () => {
      const run = openRun({ ...definition, ...more }, carried);
      let isCancelled = false;
      const onCancel = (): void => {
        isCancelled = cancelledByTemporal(run);
        if (!isCancelled)
          log.warn('A cancel came too late to be acted on: the saga goes on', { sagaId: definition.id });
      };
      if (consideredCancelled) onCancel();
      else cancelRequested.catch(onCancel);
      const forward = (able: Saga): Promise<unknown> => body(able, steps, input);
      // A saga that is carried over stands at its call before the requests that have waited are looked at.
      if (!carried) offerMessages(run);
      const going = run.record.state === 'COMPENSATING' && carried ? goBack(run) : goForward(run, forward);
      if (carried) offerMessages(run);
      const { leaving } = run.steering;
      if (await Promise.race([going.then(() => false), leaving.then(() => true)])) {
        await requestsAnswered(run);
        await storeAll(run);
        return continueAsNew<SagaWorkflow<Input>>(input, carry(run));
      }
      if (!allHandlersFinished()) await condition(allHandlersFinished);
      if (isCancelled) throw new CancelledFailure('The saga was cancelled and undone');
      return outcomeOf(run);
    });
  };
}

function distinct(steps: readonly Step[]): readonly Step[] {
  if (new Set(steps.map(({ name }) => name)).size < steps.length) throw new Error('Two steps have the same name');
  return steps;
}

function outcomeOf({ record: now, steering }: Run): SagaOutcome {
  const { state, reason, data, waivers, deadLetters } = now;
  const outcome = { state: state as Verdict, reason, data, waivers, deadLetters };
  return { ...outcome, ...(steering.cancelledTooLate && { cancelledTooLate: true }) };
}

async function goForward(run: Run, body: (saga: Saga) => Promise<unknown>): Promise<void> {
  const { inFlight } = run.body;
  const saga: Saga = {
    // Steps were typed where they were defined, and results come back to where they are awaited.
    run: (step: Step, input: unknown) => track(run, () => runStep(run, step, input as never)) as Promise<never>,
    last: (step: Step, input: unknown) => track(run, () => runStep(run, step, input as never, true)) as Promise<never>,
    awaitApproval: (approval, timeout) => track(run, () => passOnce(run, approval, timeout)),
  };
  try {
    await run.scopes.forward.run(() => body(saga));
  } catch (error) {
    bodyFailed(run, error);
  }
  // Parallel steps settle before the first of them is undone (rule 3).
  while (inFlight.size > 0) await Promise.allSettled(inFlight);
  // Whoever asked for the cancel has the answer before the first step back: so it is in every history.
  if (run.record.reason === CANCEL_REQUESTED) await requestsAnswered(run);
  // At once: a branch of the body that nobody awaits must not start anything in between (rule 28).
  await (run.record.state === 'COMPENSATING' ? goBack(run) : end(run));
}

/** Keeps what the body does among what must settle before anything is undone (rule 3). */
function track<T>(run: Run, start: () => Promise<T>): Promise<T> {
  const { inFlight } = run.body;
  let running: Promise<T>;
  try {
    running = start();
  } catch (error) {
    running = Promise.reject(error);
  }
  const settled = (): boolean => inFlight.delete(running);
  inFlight.add(running);
  // A body may await another step first: what fails meanwhile has been recorded, and is not unheard of.
  running.then(settled, settled);
  return running;
}

async function passOnce(run: Run, approval: string, timeout: number): Promise<void> {
  const key = `approval ${approval}`;
  if (run.body.given.has(key)) return;
  await awaitApproval(run, approval, timeout);
  run.body.given.set(key, {});
}

/** Steps come in this order, or the task fails: compensatable ones, at most one pivot, retriable ones (rule 14). */
async function runStep(run: Run, step: Step, input: never, isLast = false): Promise<unknown> {
  const { name, kind } = step;
  requireForward(run, name);
  const { given } = run.body;
  if (run.body.isEnding) throw new Error(`${name} cannot run beside or after the last step`);
  const before = given.get(name);
  if (before && run.isCarried) return before.value;
  const known = run.record.steps.find((other) => other.name === name);
  const isNew = known?.status === 'pending';
  if (!isNew && !(known && run.isCarried))
    throw new Error(`${name} has been run before, or is not among the saga's steps`);
  if (kind !== 'retriable' && isNew && isCommitted(run.record))
    throw new Error(`${name} cannot follow what cannot be undone`);
  if (kind !== 'compensatable' && isNew && mayStillUnwind(run.record)) {
    throw new Error(`${name} cannot be undone: nothing may run beside it that can still fail`);
  }
  run.body.isEnding = isLast;
  const value = await (kind === 'compensatable'
    ? act(run, step, input)
    : run.scopes.shield.run(() => act(run, step, input, isLast)));
  given.set(name, value === undefined ? {} : { value: copyOf(value) });
  return value;
}

/** A programming error undoes nothing: it fails the workflow task and goes on after the repaired release (rule 13). */
function bodyFailed(run: Run, error: unknown): void {
  const isBug = !(error instanceof TemporalFailure);
  if (run.record.state === 'COMPENSATING') {
    // What a step throws may come wrapped; a bug in the body's clean-up must not keep the rest from being undone.
    if (isBug) log.error('The body of a saga that unwinds has failed', { error });
    return;
  }
  if (isBug) throw error;
  if (isCommitted(run.record)) throw new Error('The body failed where a saga only goes forward', { cause: error });
  const code = foreign((error instanceof ApplicationFailure && error.type) || error.name);
  record(run, { type: 'SagaStepFailed', step: 'body', attempts: 1, code, unwinds: code });
}

async function goBack(run: Run): Promise<void> {
  await unwind(run);
  const { afterUnwinding } = run.definition;
  if (afterUnwinding) await act(run, afterUnwinding.step, afterUnwinding.input as never, true);
  await end(run);
}

/** The verdict is decided in the turn of the call; the run stays open until the last of its journal is stored. */
async function end(run: Run): Promise<void> {
  if (!hasEnded(run.record)) record(run, { type: 'SagaEnded', ...verdictOf(run.record) });
  if (isStored(run) && !run.journal.storing) return;
  await storeAtRest(run);
  await run.journal.storing;
}
