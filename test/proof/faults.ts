/** How each fault of the matrix is played: what is armed, and what is done while the order runs. */
import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { cancelSaga, resolveStep, type ResolveAction, type SagaPolicy } from '../../src/workflows/messages.js';
import { eventually } from '../support/eventually.js';
import { steering, type Shop } from '../workflows/shop.js';
import type { Call, Calls } from './calls.js';
import type { FaultName, StepName } from './expected.js';
import { PARTICIPATIONS, type Participation } from './participants.js';

const HOUR = 3_600_000;
const FOR_EVER = 1_000_000;

/** One cell while it is played. */
export interface Cell extends Participation {
  readonly shop: Shop;
  readonly calls: Calls;
  readonly copies: 1 | 2;
  readonly step: StepName;
  readonly orderId: string;
  /** Budgets of this matrix, in place of the usual ones. */
  readonly policy: Partial<SagaPolicy>;
  readonly sagaId: string;
  /** What the fault's play has seen. */
  readonly seen: { cancel: string | null; blocked: boolean };
}

export function openCell(
  shop: Shop,
  calls: Calls,
  copies: 1 | 2,
  step: StepName,
  policy: Partial<SagaPolicy> = {},
): Cell {
  const orderId = randomUUID();
  const seen = { cancel: null, blocked: false };
  return { ...PARTICIPATIONS[step], shop, calls, copies, step, orderId, policy, sagaId: `order-${orderId}`, seen };
}

/** Plays the order with its fault until nothing is left but to wait for its end. */
export const playFault = (fault: FaultName, cell: Cell): Promise<void> => PLAYS[fault](cell);

const PLAYS: Readonly<Record<FaultName, (cell: Cell) => Promise<void>>> = {
  refused: (cell) => armed(cell, { mode: 'refuse' }),
  'unavailable until exhausted': (cell) => armed(cell, { mode: 'unavailable', times: FOR_EVER }),
  'every answer lost': (cell) => armed(cell, { mode: 'drop-response', times: FOR_EVER }),
  // The original arrives after the attempt, and the step, have been given up.
  'delayed beyond the time-out': (cell) =>
    armed(cell, { mode: 'delay', delayMs: 2500, times: FOR_EVER }, { attemptTimeout: 1500, stepTimeout: 1600 }),
  garbage: (cell) => armed(cell, { mode: 'garbage', times: FOR_EVER }),
  'cancelled before': (cell) =>
    around(cell, async (call) => {
      await cancel(cell);
      if (cell.seen.cancel === 'accepted') await untilLedger(cell, 'fenced');
      return call.next();
    }),
  'cancelled during': async (cell) => {
    await cell.shop.arm(cell.service, { mode: 'slow-answer', delayMs: 400 });
    await around(cell, async (call) => {
      const answer = call.next();
      await untilLedger(cell, 'applied');
      await cancel(cell);
      return answer;
    });
  },
  'cancelled after': (cell) => around(cell, cancelledAfterwards(cell)),
  'undo away for two hours': async (cell) => {
    await cell.shop.arm(cell.service, { mode: 'unavailable', operation: 'DELETE', times: FOR_EVER });
    await around(cell, cancelledAfterwards(cell));
    await cell.shop.env.skip(2 * HOUR);
    expect(await cell.shop.recordOf(cell.sagaId)).toMatchObject({ state: 'COMPENSATING', blockedOn: null });
    await cell.shop.disarm();
  },
  'undo refused, then retried': (cell) => undoRefused(cell, 'retry'),
  'undo refused, then waived': (cell) => undoRefused(cell, 'skip'),
  'worker restarted': workerRestarted,
};

async function armed(cell: Cell, fault: object, policy: Partial<SagaPolicy> = {}): Promise<void> {
  await cell.shop.arm(cell.service, fault);
  await place(cell, policy);
}

async function place(cell: Cell, policy: Partial<SagaPolicy> = {}): Promise<void> {
  const { shop, orderId, step } = cell;
  // A mail is given up after two hours instead of a day: fewer attempts to play, the same end.
  const budgets = { attemptTimeout: 5000, ...(step === 'send_confirmation' && { retriableBudget: 2 * HOUR }) };
  const tight = policy.stepTimeout !== undefined && step === 'send_confirmation';
  await shop.place(
    { orderId },
    { ...budgets, ...cell.policy, ...policy, ...(tight && { retriableBudget: policy.stepTimeout }) },
  );
}

async function around(cell: Cell, play: (call: Call) => Promise<unknown>): Promise<void> {
  cell.calls.around(cell.sagaId, cell.action, play);
  await place(cell);
}

const cancelledAfterwards = (cell: Cell) => async (call: Call) => {
  const answer = await call.next();
  await cancel(cell);
  return answer;
};

async function cancel({ shop, sagaId, seen }: Cell): Promise<void> {
  try {
    await shop.handleOf(sagaId).executeUpdate(cancelSaga, { args: [steering()] });
    seen.cancel = 'accepted';
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
    seen.cancel = error.cause.type ?? null;
  }
}

async function untilLedger({ shop, service, resource, sagaId }: Cell, status: string): Promise<void> {
  const isThere = async () => (await shop.ledgerOf(service, resource(sagaId)))['status'] === status;
  await eventually(`${resource(sagaId)} to be ${status}`, 4000, isThere);
}

async function undoRefused(cell: Cell, action: ResolveAction): Promise<void> {
  const { shop, sagaId, step, seen, copies } = cell;
  await shop.arm(cell.service, { mode: 'refuse', operation: 'DELETE', times: copies });
  await around(cell, cancelledAfterwards(cell));
  const record = await shop.blocked(sagaId);
  expect(record).toMatchObject({ state: 'COMPENSATING', blockedOn: step });
  seen.blocked = true;
  // It waits as long as it takes: nothing times out (rule 16).
  await shop.env.skip(30 * 24 * HOUR);
  expect(await shop.recordOf(sagaId)).toMatchObject({ state: 'COMPENSATING', blockedOn: step });
  const request = { ...steering(), step, action, requestId: sagaId };
  await shop.handleOf(sagaId).executeUpdate(resolveStep, { args: [request] });
}

/** The effect has happened and its answer is lost with the worker; another one begins with nothing in its cache. */
async function workerRestarted(cell: Cell): Promise<void> {
  const [reached, hasReached] = gate();
  const [gone, isGone] = gate();
  await around(cell, async (call) => {
    await call.next();
    hasReached();
    await gone;
    throw ApplicationFailure.create({ type: 'WorkerGone', message: 'the answer was lost with its worker' });
  });
  await reached;
  const stopped = Promise.all([cell.shop.stopDeciding(), cell.shop.stopActing()]);
  isGone();
  await stopped;
  await Promise.all([cell.shop.startDeciding(), cell.shop.startActing()]);
}

function gate(): [passed: Promise<void>, open: () => void] {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return [passed, open];
}
