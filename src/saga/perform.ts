/** A call, from its scheduling to its answer: Temporal retries it within its budget, and then an operator decides. */
import { allHandlersFinished, CancellationScope, condition, log, workflowInfo } from '@temporalio/workflow';
import { attempts, type Done, type Failed, type Wanted } from './attempts.js';
import type { ResolveAction } from './messages.js';
import { fromNow, journal, type Desk, type Run } from './run.js';
import type { Call } from './step.js';
import { isStored, rest } from './store.js';

/** What an operator says in place of the participant. */
type Answer = Exclude<ResolveAction, 'retry' | 'block'>;

interface Manner {
  readonly started: 'SagaStepStarted' | 'SagaCompensationStarted';
  /** Of the summary. */
  readonly prefix: string;
  /** Failures that wait for an operator; the others end the call. */
  readonly blocksOn: readonly Failed['kind'][];
  /** What an operator may decide, while it is blocked and while it is still under way. */
  readonly allowed: readonly ResolveAction[];
}

const ACT = { started: 'SagaStepStarted', prefix: '' } as const;
const UNDO = { started: 'SagaCompensationStarted', prefix: 'UNDO ', blocksOn: ['refused', 'unknown'] } as const;

/** Every call that a saga makes is made in one of these manners. */
const MANNERS = {
  compensatable: { ...ACT, blocksOn: [], allowed: [] },
  pivot: { ...ACT, blocksOn: ['unknown'], allowed: ['retry', 'block', 'applied', 'notApplied'] },
  block: { ...ACT, blocksOn: ['refused', 'unknown'], allowed: ['retry', 'skip', 'block', 'applied'] },
  deadLetter: { ...ACT, blocksOn: [], allowed: [] },
  undo: { ...UNDO, allowed: ['retry', 'skip', 'block'] },
  ask: { ...UNDO, prefix: 'ASK ', allowed: ['retry', 'skip', 'block', 'applied', 'notApplied'] },
} as const satisfies Record<string, Manner>;

/**
 * Calls until it is done, or until an operator says otherwise. A decision that comes meanwhile cuts the call short; the
 * answer of the participant wins over it. What may block runs in a non-cancellable scope: unwinding and steps past a
 * pivot cannot be interrupted (rule 26).
 */
export async function perform<Input, Result>(
  run: Run,
  manner: keyof typeof MANNERS,
  step: string,
  call: Call<Input, Result>,
  input: Input,
  more: Partial<Pick<Wanted<Input, Result>, 'total' | 'closing' | 'local'>> = {},
): Promise<Done<Result> | Failed | { readonly kind: Answer }> {
  const { started, prefix, blocksOn, allowed }: Manner = MANNERS[manner];
  const { summary } = call;
  const { total = call.budget.total, closing, local } = more;
  const line = typeof summary === 'function' ? summary(input) : summary;
  const desk: Desk = { allowed };
  run.desks.set(step, desk);
  const wanted = { input, total, closing, summary: line === undefined ? line : prefix + line };
  const make = () => attempts(run, call, { ...wanted, local: run.isSettled ? local : undefined });
  // Continued as new while blocked: the call is not made again before somebody says so.
  let action = run.record.blockedOn === step ? await nextDecision(run, step, desk) : 'retry';
  while (action === 'retry') {
    journal(run, { type: started, step, timeoutAt: fromNow(total) });
    // A scope of its own only where an operator may cut it: each costs the isolate six promises, which the SDK traces.
    if (allowed.length > 0) desk.scope = new CancellationScope();
    const outcome = await (desk.scope ? desk.scope.run(make) : make());
    delete desk.scope;
    if (outcome.kind === 'done' || !blocksOn.includes(outcome.kind)) {
      delete desk.pending;
      run.desks.delete(step);
      return outcome;
    }
    if (!desk.pending) journal(run, failureOf(started, step, outcome));
    action = await nextDecision(run, step, desk, outcome.code);
  }
  run.desks.delete(step);
  return { kind: action };
}

/** The transition that a failed call is. */
export function failureOf(started: Manner['started'], step: string, { kind, code, attempts }: Failed) {
  const timedOut = code === 'StepTimedOut' || code === 'DeadlineExceeded';
  const forward = kind === 'refused' ? 'SagaStepFailed' : timedOut ? 'SagaStepTimedOut' : 'SagaStepUnknown';
  return { type: started === 'SagaStepStarted' ? forward : 'SagaCompensationFailed', step, attempts, code } as const;
}

/** The operator's next decision. Until there is one the step blocks the saga; at most one does at a time (rule 17). */
async function nextDecision(run: Run, step: string, desk: Desk, code = ''): Promise<Answer | 'retry'> {
  for (;;) {
    if (desk.pending) {
      const { action, actor, reason, requestId } = desk.pending;
      journal(run, { type: 'SagaIntervened', step, action, actor, reason, requestId });
      run.isSettled = false;
      delete desk.pending;
      if (action !== 'block') return action;
      code = 'BlockedByOperator';
    } else if (run.record.blockedOn === null) {
      journal(run, { type: 'SagaBlocked', step, code });
      log.error('A saga is blocked and waits for an operator', { sagaId: run.record.sagaId, step, code });
      void rest(run);
    } else if (mustHandOver(run)) {
      return handOver(run);
    } else {
      // Looked at again afterwards: of several that wait for their turn one goes on first.
      await condition(() => !!desk.pending || run.record.blockedOn === null || mustHandOver(run));
    }
  }
}

/** Only while blocked in unwinding: there the stack, and nothing of the body, says what is left to do. */
function mustHandOver(run: Run): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  const isLong = continueAsNewSuggested || historyLength >= (run.definition.historyLimit ?? Infinity);
  return isLong && run.record.state === 'COMPENSATING' && isStored(run);
}

/** Continues as new. Nothing is accepted meanwhile, and what was accepted is answered first. */
async function handOver(run: Run): Promise<never> {
  run.handingOver = true;
  await condition(allHandlersFinished);
  const { record, seq, stack, deadlineAt, decisions } = run;
  return run.definition.continueAsNew({ record, seq, stack, deadlineAt, decisions });
}
