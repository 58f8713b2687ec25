/** A repair, on an operator's word: it is previewed, or its workflow is started under the saga's own workflow id. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Findings } from '../../journal/findings/finding.js';
import type { JournalReader } from '../../journal/read/reader.js';
import { orderIdOf } from '../../order.js';
import { askTemporal } from '../../platform/temporal/ask.js';
import { Problem } from '../../problems.js';
import { REPAIR, SAGA_REPAIR, SAGA_TYPE, SagaStateAttribute } from '../../workflows/messages.js';
import type { CarriedSaga, SagaMemo, SagaPolicy, SagaRecord, SagaRepairInput } from '../../workflows/messages.js';
import { idsOf, SAGA_ID_PATTERN, type SagaIds } from '../saga-ids.js';
import { planRepair, type RepairPlan } from './plan-repair.js';
import { previewRepair, type RepairPreview } from './preview-repair.js';
import { readStanding, type Standing, type StandingDeps } from './standing.js';

const START_WITHIN_MS = 5_000;

export interface RepairDeps extends StandingDeps {
  readonly journal: Pick<JournalReader, 'getSaga' | 'getEvents'>;
  readonly findings: Findings;
  readonly taskQueue: string;
  readonly policy: SagaPolicy;
}

/** The operator's word. */
export interface RepairRequest {
  readonly actor: string;
  readonly reason: string;
  /** The same id with the same content is the same repair. */
  readonly requestId: string;
  /** For a saga that has a verdict: the steps whose effects are to be undone. */
  readonly steps?: readonly string[] | undefined;
}

/** A repair that runs. `state` is the saga's state from now on. */
export interface Repaired extends SagaIds {
  readonly accepted: true;
  readonly state: string;
  /** ISO 8601. */
  readonly at: string;
  readonly requestId: string;
}

export interface SagaRepairPreview extends RepairPreview, SagaIds {
  readonly dryRun: true;
  readonly state: string;
  readonly blockedOn: string | null;
}

/** @throws Problem 404 if nothing is known of the saga, 503 if the services, Temporal or the journal do not answer */
export async function previewSagaRepair(
  deps: RepairDeps,
  sagaId: string,
  steps: readonly string[] | undefined,
): Promise<SagaRepairPreview> {
  if (!SAGA_ID_PATTERN.test(sagaId)) throw new Problem('SagaNotFound');
  const standing = await readStanding(deps, sagaId);
  const plan = planRepair(standing, steps);
  if ('refused' in plan && plan.refused === 'SagaNotFound') throw new Problem('SagaNotFound');
  const { saga } = standing;
  const common = { dryRun: true as const, ...idsOf(sagaId), state: saga?.state ?? 'STARTED' };
  return { ...common, blockedOn: saga?.blockedOn ?? null, ...previewRepair(standing, plan) };
}

/**
 * Starts the repair. Temporal refuses it while a run of the saga lives, and a second operator waits until the first has
 * begun, and is refused then.
 *
 * @throws Problem 404 unknown, 409 or 422 refused, 503 if nothing can be decided at present
 */
export async function repairSaga(
  deps: RepairDeps,
  sagaId: string,
  request: RepairRequest,
  memo: SagaMemo = {},
): Promise<Repaired> {
  if (!SAGA_ID_PATTERN.test(sagaId)) throw new Problem('SagaNotFound');
  return await deps.findings.alone(sagaId, async () => {
    const earlier = await earlierRepair(deps, sagaId, request);
    if (earlier) return earlier;
    const standing = await readStanding(deps, sagaId);
    const plan = planRepair(standing, request.steps);
    const ids = idsOf(sagaId);
    const { saga } = standing;
    if ('refused' in plan) {
      throw new Problem(plan.refused, { ...ids, ...(saga && { state: saga.state, blockedOn: saga.blockedOn }) });
    }
    return await start(deps, standing, plan, request, memo);
  });
}

async function start(
  { temporal, taskQueue, policy }: RepairDeps,
  standing: Standing,
  plan: RepairPlan,
  request: RepairRequest,
  memo: SagaMemo,
): Promise<Repaired> {
  const { sagaId } = standing;
  const orderId = orderIdOf(sagaId);
  if (orderId === undefined) throw new Problem('NotRepairable', { sagaId });
  const input: SagaRepairInput = { orderId, policy, notice: plan.notice };
  const state = plan.keeps?.state ?? 'COMPENSATING';
  const at = new Date().toISOString();
  try {
    await askTemporal(temporal, START_WITHIN_MS, () =>
      temporal.workflow.start(SAGA_REPAIR, {
        workflowId: sagaId,
        taskQueue,
        args: [input, carriedBy(standing, plan, request, Date.now() + policy.deadline)],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        typedSearchAttributes: [{ key: SagaStateAttribute, value: state }],
        staticSummary: `Repair of order ${orderId}`,
        memo: { ...memo },
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new Problem('RunStillLives', idsOf(sagaId), { cause: error });
  }
  return { ...idsOf(sagaId), accepted: true, state, at, requestId: request.requestId };
}

/** The state that the repair is started with: the record as the journal has it, and the stack by the plan. */
function carriedBy(
  { sagaId, saga }: Standing,
  { undoes, keeps, unwinds, waives, total }: RepairPlan,
  { actor, reason, requestId }: RepairRequest,
  deadlineAt: number,
): CarriedSaga {
  const orderId = orderIdOf(sagaId);
  const input = { orderId, ...(total && { total }) };
  return {
    record: recordOf(sagaId, saga),
    // The event that ended the saga is superseded, and comes again at the end of the new branch.
    seq: saga ? saga.version - (keeps ? 1 : 0) : 0,
    stack: undoes.map((step) => ({ step, input, outcome: 'unknown' })),
    deadlineAt,
    decisions: [],
    given: [],
    ...(keeps && { keeps }),
    opening: {
      type: 'SagaIntervened',
      action: REPAIR,
      actor,
      reason,
      requestId,
      ...(unwinds !== undefined && { unwinds }),
      ...(keeps && { keeps }),
      ...(waives.length > 0 && { waives }),
    },
  };
}

function recordOf(sagaId: string, saga: Standing['saga']): SagaRecord {
  if (saga) {
    const { version: _version, branch: _branch, behindGap: _behindGap, asOf: _asOf, ...record } = saga;
    return record;
  }
  const nothing = { currentStep: null, blockedOn: null, waitingFor: null, steps: [], waivers: [], deadLetters: [] };
  const never = { createdAt: '', updatedAt: '' };
  return { sagaId, sagaType: SAGA_TYPE, state: 'STARTED', reason: null, data: {}, ...nothing, ...never };
}

/** A repeat of a request that was accepted. @throws Problem `RequestIdReused` if its content differs */
async function earlierRepair(
  { journal }: RepairDeps,
  sagaId: string,
  { requestId, actor, reason }: RepairRequest,
): Promise<Repaired | undefined> {
  for (let after: number | undefined; ;) {
    const events = await journal.getEvents(sagaId, { limit: 500, ...(after !== undefined && { after }) });
    const known = events.find(({ data }) => data['action'] === REPAIR && data['requestId'] === requestId);
    if (known) {
      const { data, at } = known;
      if (data['actor'] !== actor || data['reason'] !== reason) throw new Problem('RequestIdReused', idsOf(sagaId));
      const { state = 'COMPENSATING' } = Object(data['keeps']) as { readonly state?: string };
      return { ...idsOf(sagaId), accepted: true, state, at, requestId };
    }
    const last = events.at(-1);
    if (!last || events.length < 500) return undefined;
    after = last.position;
  }
}
