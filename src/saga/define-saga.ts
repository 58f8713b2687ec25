/** A saga as a workflow: its body goes forward step by step, and if it fails, everything on the stack is undone. */
import { ApplicationFailure, CancelledFailure, TemporalFailure } from '@temporalio/common';
import { allHandlersFinished, CancellationScope, condition, continueAsNew, log } from '@temporalio/workflow';
import { awaitApproval } from './approval.js';
import { definitionOf, type Body, type Saga, type SagaDefinition, type Steps } from './definition.js';
import { isStored, record, storeAll, storeAtRest } from './journal/carry.js';
import { CANCEL_REQUESTED, foreign, hasEnded, isCommitted, mayStillUnwind, verdictOf } from './record.js';
import type { SagaOutcome, Verdict } from './record.js';
import { carry, copyOf, openRun, requireForward, type CarriedSaga, type Run } from './run.js';
import { act, unwind } from './stack.js';
import { heedCancel, offerMessages, requestsAnswered } from './steering.js';
import type { Step } from './step.js';

/** A workflow function. `carried` is the state that a run that is continued as new gets from the one before it. */
export type SagaWorkflow<Input> = (input: Input, carried?: CarriedSaga) => Promise<SagaOutcome>;

/** The ends of a saga are named after its type (`TripBookingFailed`), beside the library's own events (`SagaStepFailed`). */
const TYPE = /^(?!Saga)[A-Za-z]/;

/**
 * Makes a workflow of a body that runs steps. If it fails or is cancelled, everything on the stack is undone in reverse,
 * and the outcome says which it was; a business refusal is an outcome, not an error. The workflow ends when the saga has
 * ended and its message handlers have finished. A saga that is steered for very long runs its body once more in a new run,
 * and each finished step gives its result again: between its steps a body only computes.
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
 * @throws Error at once, of a type that does not begin with a letter, or that begins with `Saga`
 * @throws CancelledFailure if Temporal's own cancel started the unwinding, so that Temporal shows *Canceled*
 * @throws ApplicationFailure `SagaRefused` before anything else, if the saga's id is not the workflow's id (rule 19), or
 *   a deadline or a budget is not positive
 */
export function defineSaga<Input, Known extends Steps>(
  saga: SagaDefinition<Input, Known>,
  body: Body<Input, Known>,
): SagaWorkflow<Input> {
  if (!TYPE.test(saga.type)) throw new Error(`A saga's type begins with a letter, and not with Saga: ${saga.type}`);
  return async (input, carried) => {
    const definition = definitionOf(saga, body, input, carried?.record.sagaId);
    const outside = CancellationScope.current();
    // Nothing in here is cancelled from outside. Temporal's cancel is passed on only while it can be acted on (rule
    // 27).
    return CancellationScope.nonCancellable(async () => {
      const run = openRun(definition, carried);
      open(run, carried);
      heedCancel(run, outside);
      if (await isCarriedOn(run)) return continueAsNew<SagaWorkflow<Input>>(input, carry(run));
      if (!allHandlersFinished()) await condition(allHandlersFinished);
      if (run.steering.temporalCancel === 'accepted') throw new CancelledFailure('The saga was cancelled and undone');
      return outcomeOf(run);
    });
  };
}

function open(run: Run, carried?: CarriedSaga): void {
  const { definition } = run;
  const { type: sagaType, data } = definition;
  if (!carried?.seq) record(run, { type: 'SagaStarted', sagaType, data: copyOf(data), steps: listed(run) });
  if (!carried) return;
  if (!carried.opening) return definition.onEntry(run.record, run.record);
  record(run, carried.opening);
  // At once, because the entries of another run than the stored ones count only if they are sent whole.
  void storeAll(run);
}

const listed = ({ definition }: Run) => definition.steps.map(({ name, kind }) => ({ name, kind }));

/** Runs to the end of the saga, or until the next run takes over: then everything is stored and answered. */
async function isCarriedOn(run: Run): Promise<boolean> {
  const { isCarried, handOver, keeps } = run;
  // A carried saga must be back at its call before its waiting requests are decided.
  if (!isCarried) offerMessages(run);
  const isUnwinding = keeps !== undefined || run.record.state === 'COMPENSATING';
  const going = isCarried && isUnwinding ? goBack(run) : goForward(run);
  if (isCarried) offerMessages(run);
  await Promise.race([going, condition(() => handOver.isDecided)]);
  if (!handOver.isDecided) return false;
  await requestsAnswered(run);
  await storeAll(run);
  return true;
}

function outcomeOf({ record: now, steering }: Run): SagaOutcome {
  const { state, reason, data, waivers, deadLetters } = now;
  const outcome = { state: state as Verdict, reason, data, waivers, deadLetters };
  return { ...outcome, ...(steering.temporalCancel === 'tooLate' && { cancelledTooLate: true }) };
}

async function goForward(run: Run): Promise<void> {
  const { inFlight } = run.body;
  const saga: Saga = {
    // Steps were typed when they were defined, and results are typed again when they are awaited.
    run: (step: Step, input: unknown) => track(run, runStep(run, step, input as never)) as Promise<never>,
    last: (step: Step, input: unknown) => track(run, runStep(run, step, input as never, true)) as Promise<never>,
    awaitApproval: (approval, timeout) => track(run, askOnce(run, approval, timeout)),
  };
  try {
    await run.scopes.forward.run(() => run.definition.body(saga));
  } catch (error) {
    bodyFailed(run, error);
  }
  // Parallel steps settle before the first of them is undone (rule 3).
  while (inFlight.size > 0) await Promise.allSettled(inFlight);
  // The sender of the cancel has the answer before the first step back: so it is in every history.
  if (run.record.reason === CANCEL_REQUESTED) await requestsAnswered(run);
  // At once: a branch of the body that is not awaited must not start anything in between (rule 28).
  await (run.record.state === 'COMPENSATING' ? goBack(run) : end(run));
}

/** Keeps the calls of the body among those that must settle before anything is undone (rule 3). */
function track<T>({ body: { inFlight } }: Run, running: Promise<T>): Promise<T> {
  const settled = (): boolean => inFlight.delete(running);
  inFlight.add(running);
  // A body may await another step first: a failure in between has been recorded, and is not unheard of.
  running.then(settled, settled);
  return running;
}

/** The body may ask for the same approval more than once; an answer to an earlier run is not asked for again. */
async function askOnce(run: Run, approval: string, timeout: number): Promise<void> {
  const { asked, given } = run.body;
  const times = (asked.get(approval) ?? 0) + 1;
  asked.set(approval, times);
  const question = JSON.stringify([approval, times]);
  if (given.has(question)) return;
  await awaitApproval(run, approval, timeout);
  given.set(question, {});
}

/** Steps come in this order, or the task fails: compensatable ones, at most one pivot, retriable ones (rule 14). */
async function runStep(run: Run, step: Step, input: never, isLast = false): Promise<unknown> {
  const { body, scopes, isCarried } = run;
  requireForward(run, step.name);
  const before = body.given.get(step.name);
  if (before && isCarried) return before.value;
  const misuse = misuseOf(run, step);
  if (misuse !== undefined) throw new Error(`${step.name} ${misuse}`);
  body.isEnding = isLast;
  const start = (): Promise<unknown> => act(run, step, input, isLast);
  const value = await (step.kind === 'compensatable' ? start() : scopes.shield.run(start));
  body.given.set(step.name, { value: copyOf(value) });
  return value;
}

/** The programming error in running this step now, if it is one. */
function misuseOf({ body, isCarried, record: now }: Run, { name, kind }: Step): string | undefined {
  const known = now.steps.find((other) => other.name === name);
  const isNew = known?.status === 'pending';
  if (body.isEnding) return 'cannot run beside or after the last step';
  if (!isNew && !(known && isCarried)) return "has been run before, or is not among the saga's steps";
  if (kind !== 'retriable' && isNew && isCommitted(now)) return 'cannot follow what cannot be undone';
  if (kind !== 'compensatable' && isNew && mayStillUnwind(now))
    return 'cannot be undone: nothing may run beside it that can still fail';
  return undefined;
}

/** A programming error undoes nothing: it fails the workflow task and goes on after the repaired release (rule 13). */
function bodyFailed(run: Run, error: unknown): void {
  const isBug = !(error instanceof TemporalFailure);
  if (run.record.state === 'COMPENSATING') {
    // The error of a step may come wrapped; a bug in the body's clean-up must not keep the rest from being undone.
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

/** The verdict is decided in the turn of the call; the run stays open until the rest of its journal is stored. */
async function end(run: Run): Promise<void> {
  const { keeps } = run;
  if (keeps || !hasEnded(run.record)) record(run, { type: 'SagaEnded', ...(keeps ?? verdictOf(run.record)) });
  if (isStored(run) && !run.journal.storing) return;
  await storeAtRest(run);
  await run.journal.storing;
}
