/** The view of a saga in Temporal's Web UI: by itself it would call a compensated order a green *Completed*. */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { SagaRecord, StepRecord } from '../saga/saga.js';
import { SagaBlockedOnAttribute, SagaStateAttribute } from './messages.js';

/**
 * Shows the record as the workflow's current details, and upserts the search attributes that are out of date.
 * `STARTED` stays while all goes well: on the happy path there is one upsert, at the end, because each costs 4 % of
 * the throughput.
 */
export function showInWebUi(record: SagaRecord, before: SagaRecord): void {
  setCurrentDetails(asMarkdown(record));
  const startsToWait = record.waitingFor !== null && before.waitingFor === null;
  const stateChanged = (record.state !== before.state && record.state !== 'PENDING') || startsToWait;
  const blockChanged = record.blockedOn !== before.blockedOn;
  if (!stateChanged && !blockChanged) return;
  upsertSearchAttributes([
    ...(stateChanged ? [{ key: SagaStateAttribute, value: record.state }] : []),
    ...(blockChanged ? [{ key: SagaBlockedOnAttribute, value: record.blockedOn }] : []),
  ]);
}

/** A heading and a table of at most four rows: more do not fit. */
function asMarkdown({ state, reason, blockedOn, waitingFor, steps }: SagaRecord): string {
  const notes = [
    reason && `because of ${reason}`,
    blockedOn && `waits for an operator on ${blockedOn}`,
    waitingFor && `waits for an approval until ${waitingFor.until}`,
  ].filter((note) => !!note);
  const rows = steps.slice(-4).map((step) => `| ${step.name} | ${describe(step)} | ${step.attempts} |`);
  const heading = `**${[state, ...notes].join(', ')}**`;
  return [heading, '', '| step | status | attempts |', '|---|---|---|', ...rows].join('\n');
}

const describe = ({ status, error }: StepRecord): string => (error ? `${status} (${error.code})` : status);
