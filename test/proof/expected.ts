/** The matrix: what must become of an order for every step and every fault, written down before it is played (rule 34). */
import type { StepStatus, Verdict } from '../../src/saga/saga.js';

export const STEPS = ['reserve_inventory', 'process_payment', 'create_shipment', 'send_confirmation'] as const;
export type StepName = (typeof STEPS)[number];

export const FAULTS = [
  'refused',
  'unavailable until exhausted',
  'every answer lost',
  'delayed beyond the time-out',
  'garbage',
  'cancelled before',
  'cancelled during',
  'cancelled after',
  'undo away for two hours',
  'undo refused, then retried',
  'undo refused, then waived',
  'worker restarted',
] as const;
export type FaultName = (typeof FAULTS)[number];

export interface Expected {
  readonly state: Verdict;
  readonly reason: string | null;
  /** What the record says of the step in the end. */
  readonly step: StepStatus;
  readonly waived: boolean;
  readonly deadLetter: boolean;
  /** Whether it had to wait for an operator meanwhile. */
  readonly blocked: boolean;
  /** What a cancel was answered, where one was asked for. */
  readonly cancel: 'accepted' | 'AlreadyFulfilled' | null;
}

export interface NotApplicable {
  readonly notApplicable: string;
}

const REST = { waived: false, deadLetter: false, blocked: false, cancel: null };
const completed: Expected = { ...REST, state: 'COMPLETED', reason: null, step: 'completed' };
/** A mail that was given up blocks nothing; whether it arrived is not known (rule 29). */
const givenUp: Expected = { ...completed, step: 'unknown', deadLetter: true };
const undeliverable: Expected = { ...givenUp, step: 'failed' };
const timedOut = (step: StepStatus): Expected => ({ ...REST, state: 'FAILED', reason: 'StepTimedOut', step });
const refused = (reason: string): Expected => ({ ...REST, state: 'FAILED', reason, step: 'failed' });
const cancelled: Expected = {
  ...REST,
  state: 'CANCELLED',
  reason: 'CancelRequested',
  step: 'compensated',
  cancel: 'accepted',
};
const tooLate: Expected = { ...completed, cancel: 'AlreadyFulfilled' };
const noUndo: NotApplicable = { notApplicable: 'a mail cannot be undone: the step has no compensation' };

type Row = readonly [Expected, Expected, Expected, Expected | NotApplicable];
const likewise = (each: Expected, last: Expected | NotApplicable): Row => [each, each, each, last];

/** One row for each fault; the columns are the steps. */
export const EXPECTED: Readonly<Record<FaultName, Row>> = {
  refused: [
    refused('InsufficientInventory'),
    refused('PaymentDeclined'),
    refused('AddressNotServiceable'),
    undeliverable,
  ],
  'unavailable until exhausted': likewise(timedOut('nothingToDo'), givenUp),
  'every answer lost': likewise(timedOut('compensated'), givenUp),
  'delayed beyond the time-out': likewise(timedOut('nothingToDo'), givenUp),
  garbage: likewise(timedOut('compensated'), givenUp),
  // The call is made all the same, when the undo has long been there: it finds the tombstone (rule 20).
  'cancelled before': likewise({ ...cancelled, step: 'nothingToDo' }, tooLate),
  'cancelled during': likewise(cancelled, tooLate),
  'cancelled after': likewise(cancelled, tooLate),
  'undo away for two hours': likewise(cancelled, noUndo),
  'undo refused, then retried': likewise({ ...cancelled, blocked: true }, noUndo),
  'undo refused, then waived': likewise({ ...cancelled, blocked: true, step: 'skipped', waived: true }, noUndo),
  'worker restarted': likewise(completed, completed),
};

export const expectedOf = (fault: FaultName, step: StepName): Expected | NotApplicable =>
  EXPECTED[fault][STEPS.indexOf(step)] ?? noUndo;
