/**
 * What a customer or an operator may ask of a running saga, and how it is decided. All of it arrives by Updates: they
 * can be refused, and are answered only when they are decided; a signal can be neither (rules 18 and 24).
 */
import { ApplicationFailure } from '@temporalio/common';
import { condition, currentUpdateInfo, setHandler, type CancellationScope } from '@temporalio/workflow';
import type { QueryDefinition, UpdateDefinition } from '@temporalio/common';
import { journal, type Run } from './run.js';
import type { JournalEntry } from './journal.js';
import type { SagaRecord } from './record.js';

/** Every steering request says who, why, and until when it may be acted on. */
export interface SteeringRequest {
  readonly actor: string;
  readonly reason: string;
  /** ISO 8601; afterwards the validator refuses, so that nothing is acted on whose caller gave up (rule 24). */
  readonly validUntil: string;
}

export type ResolveAction = 'retry' | 'skip' | 'block' | 'applied' | 'notApplied';

export interface ResolveRequest extends SteeringRequest {
  readonly step: string;
  readonly action: ResolveAction;
  /** The same id with the same content returns the recorded decision; with other content it is refused (rule 18). */
  readonly requestId: string;
}

/** A request that was accepted and acted on; `state` is the saga's state right after. */
export interface Decision {
  readonly accepted: true;
  readonly state: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/**
 * The `type` of the `ApplicationFailure` that refuses a request; its details are the saga's present state.
 * `NotDecided` is no decision: `validUntil` has passed, or the run is being handed over; repeat with the same id.
 */
export type RefusalCode =
  'AlreadyUnwinding' | 'AlreadyFulfilled' | 'NotApplicable' | 'RequestIdReused' | 'Overtaken' | 'NotDecided';

/** The Temporal names under which a workflow offers the saga's messages. */
export interface SagaMessages {
  readonly state: QueryDefinition<SagaRecord>;
  readonly journal?: QueryDefinition<readonly JournalEntry[]>;
  readonly cancel: UpdateDefinition<Decision, [SteeringRequest]>;
  readonly resolve: UpdateDefinition<Decision, [ResolveRequest]>;
  readonly approve?: UpdateDefinition<Decision, [SteeringRequest]>;
  readonly reject?: UpdateDefinition<Decision, [SteeringRequest]>;
}

/** A call that an operator can steer: while it runs its scope can be cut, while it is blocked it waits for `pending`. */
export interface Desk {
  readonly allowed: readonly ResolveAction[];
  scope?: CancellationScope;
  pending?: { readonly request: ResolveRequest; settled?: 'taken' | 'overtaken' };
}

/** Installs the handlers; validators decide by the state at that moment and change nothing. */
export function offerMessages(run: Run, messages: SagaMessages, cancel: (request: SteeringRequest) => void): void {
  setHandler(messages.state, () => run.record);
  if (messages.journal) setHandler(messages.journal, () => run.entries);
  setHandler(
    messages.cancel,
    (request) => {
      const id = currentUpdateInfo()?.id ?? '';
      return run.decisions[id]?.decision ?? decide(run, id, 'cancel', () => cancel(request));
    },
    { validator: (request) => validateCancel(run, request) },
  );
  setHandler(messages.resolve, (request) => resolve(run, request), {
    validator: (request) => validateResolve(run, request),
  });
  for (const [definition, answer] of [
    [messages.approve, 'approved'] as const,
    [messages.reject, 'rejected'] as const,
  ]) {
    if (!definition) continue;
    setHandler(
      definition,
      (request) => {
        const id = currentUpdateInfo()?.id ?? '';
        return run.decisions[id]?.decision ?? decide(run, id, answer, () => (run.approval = { answer, request }));
      },
      { validator: (request) => validateAnswer(run, request) },
    );
  }
}

function decide(run: Run, id: string, content: string, act: () => void): Decision {
  act();
  const decision: Decision = { accepted: true, state: run.record.state, at: new Date().toISOString() };
  run.decisions[id] = { content, decision };
  return decision;
}

const refuse = (run: Run, code: RefusalCode, message: string): ApplicationFailure =>
  ApplicationFailure.create({
    type: code,
    message,
    nonRetryable: true,
    details: [{ state: run.record.state, blockedOn: run.record.blockedOn }],
  });

function validateInTime(run: Run, { validUntil }: SteeringRequest): void {
  if (run.handingOver || !(Date.parse(validUntil) >= Date.now())) {
    throw refuse(run, 'NotDecided', 'Not decided in time: repeat the request with the same id');
  }
}

const isRepeat = (run: Run): boolean => run.decisions[currentUpdateInfo()?.id ?? ''] !== undefined;

function validateCancel(run: Run, request: SteeringRequest): void {
  if (isRepeat(run)) return;
  validateInTime(run, request);
  if (run.verdict) throw refuse(run, 'AlreadyUnwinding', `The saga is ${run.record.state} and cannot be cancelled`);
  if (!isCancellable(run)) throw refuse(run, 'AlreadyFulfilled', 'Nothing is left that could be undone');
}

/** Until a pivot is scheduled, and while a step that can be undone is still to come or running. */
export function isCancellable(run: Run): boolean {
  if (run.verdict || run.ended || run.pivoted) return false;
  return run.record.steps.some(
    ({ kind, status }) => kind !== 'retriable' && (status === 'pending' || status === 'executing'),
  );
}

function validateAnswer(run: Run, request: SteeringRequest): void {
  if (isRepeat(run)) return;
  validateInTime(run, request);
  if (!run.record.waitingFor || run.approval) throw refuse(run, 'NotApplicable', 'No approval is awaited');
}

const contentOf = ({ step, action, actor, reason }: ResolveRequest): string =>
  JSON.stringify([step, action, actor, reason]);

function validateResolve(run: Run, request: ResolveRequest): void {
  const known = run.decisions[request.requestId];
  if (known?.content === contentOf(request)) return;
  if (known) throw refuse(run, 'RequestIdReused', `Request ${request.requestId} was made with other content`);
  validateInTime(run, request);
  const desk = run.desks.get(request.step);
  const blocked = run.record.blockedOn === request.step;
  if (!desk?.allowed.includes(request.action) || desk.pending || (blocked && request.action === 'block')) {
    throw refuse(run, 'NotApplicable', `${request.action} does not apply to ${request.step} now`);
  }
}

async function resolve(run: Run, request: ResolveRequest): Promise<Decision> {
  const known = run.decisions[request.requestId];
  const desk = run.desks.get(request.step);
  if (!known && desk) {
    const pending: NonNullable<Desk['pending']> = { request };
    const entry: Run['decisions'][string] = { content: contentOf(request) };
    run.decisions[request.requestId] = entry;
    desk.pending = pending;
    desk.scope?.cancel();
    await condition(() => pending.settled !== undefined);
    if (pending.settled === 'taken') {
      entry.decision = { accepted: true, state: run.record.state, at: new Date().toISOString() };
    } else {
      delete run.decisions[request.requestId];
    }
  }
  await condition(() => !run.decisions[request.requestId] || !!run.decisions[request.requestId]?.decision);
  const decision = run.decisions[request.requestId]?.decision;
  if (!decision) throw refuse(run, 'Overtaken', `${request.step} was answered before the request could act`);
  return decision;
}

/** The operator's next decision on a blocked or interrupted call; journals the block and who ended it. */
export async function nextDecision(run: Run, step: string, desk: Desk): Promise<ResolveAction> {
  for (;;) {
    await condition(() => desk.pending !== undefined || run.mustHandOver());
    if (!desk.pending) {
      await run.handOver();
      continue;
    }
    const { request } = desk.pending;
    const { action, actor, reason, requestId } = request;
    journal(run, { type: 'SagaIntervened', step, action, actor, reason, requestId });
    desk.pending.settled = 'taken';
    delete desk.pending;
    if (action !== 'block') return action;
    journal(run, { type: 'SagaBlocked', step, code: 'BlockedByOperator' });
  }
}
