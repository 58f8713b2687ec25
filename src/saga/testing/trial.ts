/** One saga on the time-skipping server, brought to its end or to where it waits for an operator. */
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { approve, getSagaState } from '../messages.js';
import type { SagaRecord } from '../record.js';
import { passTime, TimeStoodStillError } from './time.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** What became of a saga. `closed` is Temporal's status of its workflow; undefined while it waits for an operator. */
export interface Outcome {
  readonly record: SagaRecord;
  readonly closed: string | undefined;
}

/**
 * Lets time pass until the saga has ended or is blocked; a saga that waits for an approval is approved.
 *
 * @throws Error if a workflow task of the saga has failed, with its message
 */
export async function endOf(env: TestWorkflowEnvironment, saga: WorkflowHandle): Promise<Outcome> {
  for (let step = SECOND; ; step = Math.min(2 * step, 10 * MINUTE)) {
    await failOnAlarm(saga);
    const { status } = await saga.describe();
    if (status.name !== 'RUNNING') return { record: await saga.query(getSagaState), closed: status.name };
    const record = await saga.query(getSagaState);
    if (record.blockedOn !== null) return { record, closed: undefined };
    if (record.waitingFor) await approveNow(env, saga);
    try {
      await passTime(env, step);
    } catch (error) {
      if (error instanceof TimeStoodStillError) await failOnAlarm(saga);
      throw error;
    }
  }
}

async function approveNow(env: TestWorkflowEnvironment, saga: WorkflowHandle): Promise<void> {
  const validUntil = new Date((await env.currentTimeMs()) + MINUTE).toISOString();
  await saga.executeUpdate(approve, { args: [{ actor: 'test', reason: 'failAtEachStep approves', validUntil }] });
}

/** A workflow task that fails is tried again for ever, and a query waits for it: so the history is read first. */
async function failOnAlarm(saga: WorkflowHandle): Promise<void> {
  const { events } = await saga.fetchHistory();
  const failed = events?.find((event) => event.workflowTaskFailedEventAttributes);
  const message = failed?.workflowTaskFailedEventAttributes?.failure?.message;
  if (failed) throw new Error(`a workflow task has failed: ${message}`);
}
