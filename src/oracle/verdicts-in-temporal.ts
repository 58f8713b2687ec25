/**
 * The oracle's verdicts: for an ended saga that of the journal, for a running one that of Temporal. Only Temporal
 * knows of a run that ended without a verdict; the journal keeps verdicts that Temporal has forgotten.
 */
import {
  type Client,
  type WorkflowExecutionInfo,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { inParallel } from '../platform/in-parallel.js';
import { isOther, type KnownSaga, type Verdict } from './books.js';
import type { VerdictSource } from './audit.js';
import { getSagaState, ORDER_WORKFLOWS, SAGA_REFUSED, SagaStateAttribute } from '../workflows/messages.js';
import { idIs, IS_SAGA } from '../journal/audit/runs.js';

/** The most runs that are asked at once. */
const AT_ONCE = 20;
/** A query would wait for a worker without end, so it has this limit. */
const QUERY_TIMEOUT_MS = 3_000;

const recorded = z.object({
  waivers: z.array(z.object({ step: z.string(), actor: z.string(), reason: z.string() })),
  deadLetters: z.array(z.string()),
});

const outcome = recorded.extend({
  state: z.enum(['COMPLETED', 'FAILED', 'CANCELLED']),
  data: z.object({ total: z.object({ amount: z.int(), currency: z.string() }).optional() }),
});

const runningState = z.enum(['STARTED', 'PENDING', 'COMPENSATING']);

type Run = Pick<
  WorkflowExecutionInfo,
  'type' | 'workflowId' | 'runId' | 'status' | 'startTime' | 'closeTime' | 'typedSearchAttributes'
>;

/** Sagas that are known outside of Temporal: ended orders, and sagas of other types. */
export interface KeptVerdicts {
  all(): Promise<KnownSaga[]>;
  of(sagaId: string): Promise<KnownSaga | undefined>;
}

const NONE_KEPT: KeptVerdicts = { all: async () => [], of: async () => undefined };

/** `all()` lists by visibility, which lags by a moment; `of()` reads the workflow by its id, which does not. */
export function sagaVerdicts(client: Client, kept: KeptVerdicts = NONE_KEPT): VerdictSource {
  return {
    async all() {
      const known = new Map((await kept.all()).map((verdict) => [verdict.sagaId, verdict]));
      const runs = [...(await latestRuns(client)).values()];
      const said = await inParallel(AT_ONCE, runs, (run) => verdictOf(client, run, known.get(run.workflowId)));
      for (const { workflowId } of runs) known.delete(workflowId);
      return [...said.filter((saga) => saga !== undefined), ...known.values()];
    },
    async of(sagaId) {
      const known = await kept.of(sagaId);
      const run = await runOfSaga(client, sagaId);
      return run ? await verdictOf(client, run, known) : known;
    },
  };
}

/**
 * The run that counts for a saga: the last one, or an earlier one if the last was refused before it called anybody. Undefined
 * if Temporal knows none.
 */
export async function runOfSaga(client: Client, sagaId: string): Promise<Run | undefined> {
  try {
    const last = await client.workflow.getHandle(sagaId).describe();
    return (await wasRefused(client, last)) ? (await latestRuns(client, sagaId)).get(sagaId) : last;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** A saga that was reset or continued as new has several runs. The last one counts, unless it was refused. */
async function latestRuns(client: Client, sagaId?: string): Promise<Map<string, Run>> {
  const which = sagaId === undefined ? IS_SAGA : idIs(sagaId);
  const query = `${which} AND ExecutionStatus != 'ContinuedAsNew'`;
  const latest = new Map<string, Run>();
  for await (const run of client.workflow.list({ query })) {
    const known = latest.get(run.workflowId);
    if (known !== undefined && known.startTime >= run.startTime) continue;
    if (!(await wasRefused(client, run))) latest.set(run.workflowId, run);
  }
  return latest;
}

/**
 * A copy of a saga's input under another id was refused before it called any participant, so it is no saga (rule 19).
 */
async function wasRefused(client: Client, { workflowId, runId, status }: Run): Promise<boolean> {
  if (status.name !== 'FAILED') return false;
  const result = client.workflow.getHandle(workflowId, runId, { followRuns: false }).result();
  const error: unknown = await result.catch((reason: unknown) => reason);
  const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
  return cause instanceof ApplicationFailure && cause.type === SAGA_REFUSED;
}

async function verdictOf(client: Client, run: Run, known?: KnownSaga): Promise<KnownSaga | undefined> {
  const { workflowId: sagaId } = run;
  if (ORDER_WORKFLOWS.includes(run.type))
    return verdictOfOrder(client, run, known && !isOther(known) ? known : undefined);
  if (known) return known;
  return run.typedSearchAttributes.get(SagaStateAttribute) === undefined ? undefined : { sagaId, otherType: run.type };
}

async function verdictOfOrder(client: Client, run: Run, known?: Verdict): Promise<Verdict> {
  const { workflowId: sagaId, runId } = run;
  const none = { sagaId, waivers: [], deadLetters: [] };
  switch (run.status.name) {
    case 'COMPLETED': {
      if (known) return known;
      const result: unknown = await client.workflow.getHandle(sagaId, runId, { followRuns: false }).result();
      const { state, data, waivers, deadLetters } = outcome.parse(result);
      return { sagaId, state, waivers, deadLetters, ...(data.total && { total: data.total }) };
    }
    case 'CANCELLED':
      return known ?? { sagaId, state: 'CANCELLED', ...(await recordedBy(client, run)) };
    case 'FAILED':
    case 'TIMED_OUT':
    case 'TERMINATED':
      return { ...none, state: 'ABANDONED' };
    default: {
      // Between start and end the attribute is written only when the unwinding starts, and no other change matters
      // here.
      const state = runningState.safeParse(run.typedSearchAttributes.get(SagaStateAttribute)).data ?? 'PENDING';
      return { ...none, state };
    }
  }
}

/**
 * A run that Temporal's own cancel ended has no result, and only a worker can tell its records, by replaying it.
 * Without a worker nothing is excused, because a difference too many is better than one too few.
 */
async function recordedBy(client: Client, { workflowId, runId }: Run): Promise<z.infer<typeof recorded>> {
  try {
    const record: unknown = await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
      client.workflow.getHandle(workflowId, runId).query(getSagaState),
    );
    return recorded.parse(record);
  } catch {
    return { waivers: [], deadLetters: [] };
  }
}
