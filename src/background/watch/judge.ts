/** Which trouble a saga is in. Each saga is in one at most, so that it is in exactly one alert (rule 32). */
import type { Trouble } from './alert-kinds.js';

/** An open saga of the read model. */
export interface WatchedSaga {
  readonly sagaId: string;
  readonly sagaType: string;
  /** The step that waits for an operator, or the one under way; null before the first. */
  readonly step: string | null;
  /** The code of that step's last failure. */
  readonly code: string | null;
  /** ISO 8601: its last event. */
  readonly updatedAt: string;
  readonly createdAt: string;
}

/** What Temporal says of workflows: they are paused, or their workflow task keeps failing. */
export interface HeldWorkflow {
  readonly workflowId: string;
  /** ISO 8601: the pause if it is known, else the start of the workflow. */
  readonly since: string;
  /** The saga as the read model knows it; undefined if it does not. */
  readonly saga?: WatchedSaga | undefined;
}

/** A finding of the reconciler. */
export interface LeftBehind {
  readonly sagaId: string;
  readonly sagaType: string | null;
  readonly cause: string;
  /** ISO 8601. */
  readonly since: string;
}

/** What one look has found. `paused` and `failing` are undefined if Temporal did not answer. */
export interface Found {
  readonly paused: readonly HeldWorkflow[] | undefined;
  readonly failing: readonly HeldWorkflow[] | undefined;
  readonly leftBehind?: readonly LeftBehind[];
  readonly blocked: readonly WatchedSaga[];
  /** With a step of unknown outcome for longer than a minute. */
  readonly unknown: readonly WatchedSaga[];
  /** Without an event for longer than the limit, and outside of a declared wait. */
  readonly quiet: readonly WatchedSaga[];
  /** Older than the deadline. */
  readonly overdue: readonly WatchedSaga[];
}

const held = (kind: 'SagaPaused' | 'WorkflowTaskFailing', { workflowId: id, since, saga }: HeldWorkflow): Trouble => ({
  kind,
  id,
  since: kind === 'WorkflowTaskFailing' ? (saga?.updatedAt ?? since) : since,
  sagaType: saga?.sagaType,
  step: saga?.step ?? undefined,
});

const left = ({ sagaId: id, sagaType, cause, since }: LeftBehind): Trouble => ({
  kind: 'SagaLeftBehind',
  id,
  since,
  sagaType: sagaType ?? undefined,
  code: cause,
});

type SagaKind = 'SagaBlocked' | 'OutcomeUnknown' | 'SagaStuck' | 'SagaPastDeadline';

const troubleOf = (kind: SagaKind, { sagaId: id, sagaType, step, code, ...times }: WatchedSaga): Trouble => ({
  kind,
  id,
  sagaType,
  step: step ?? undefined,
  code: code ?? undefined,
  since: kind === 'SagaPastDeadline' ? times.createdAt : times.updatedAt,
});

/**
 * The most specific trouble counts. If Temporal did not answer, nothing is called stuck or late, because a paused saga
 * looks like a stuck one.
 */
export function judge({ leftBehind, paused, failing, blocked, ...open }: Found): readonly Trouble[] {
  const { unknown, quiet, overdue } = open;
  const knows = paused !== undefined && failing !== undefined;
  const all = [
    ...(leftBehind ?? []).map(left),
    ...(paused ?? []).map((each) => held('SagaPaused', each)),
    ...(failing ?? []).map((each) => held('WorkflowTaskFailing', each)),
    ...blocked.map((each) => troubleOf('SagaBlocked', each)),
    ...unknown.map((each) => troubleOf('OutcomeUnknown', each)),
    ...(knows ? quiet.map((each) => troubleOf('SagaStuck', each)) : []),
    ...(knows ? overdue.map((each) => troubleOf('SagaPastDeadline', each)) : []),
  ];
  const seen = new Set<string>();
  return all.filter(({ id }) => !seen.has(id) && seen.add(id));
}
