/** What a run writes down while it happens, and what it finds at the end: all that the judgement goes by. */
import type { Blow, PlannedFault, PlannedOrder } from './plan.js';
import type { ServiceName } from '../../src/config/service-limits.js';

/** What became of a POST, over all of its repeats. */
export type Placing = 'acknowledged' | 'refused' | 'unanswered';

/** One answer to a cancel; `undecided` is a 503 or no answer at all: it may have been accepted. */
export type CancelAnswer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly code: string; readonly state: string | undefined }
  | { readonly kind: 'undecided' };

export interface OrderRecord {
  readonly order: PlannedOrder;
  placing: Placing;
  /** In the order in which they came; empty where nobody cancelled. */
  readonly cancels: CancelAnswer[];
  /** Answers that the API's documentation does not foresee for this request, one sentence each. */
  readonly oddities: string[];
}

export interface BlowRecord {
  readonly blow: Blow;
  /** The process was seen dead, or standing still. */
  struck: boolean;
  /** It, or the one started in its place, was seen to run again. */
  recovered: boolean;
}

export interface FaultRecord {
  readonly planned: PlannedFault;
  /** `unknown`: the service did not answer, so it may be armed. */
  armed: 'yes' | 'no' | 'unknown';
}

/** How a saga stands, as the API tells it. */
export interface SagaFound {
  readonly state: string;
  readonly reason: string | null;
  readonly blockedOn: string | null;
  readonly deadLetters: readonly string[];
}

/** The ledgers of inventory, payment and shipping. */
export type LedgerFound = Readonly<Record<'inventory' | 'payment' | 'shipping', LedgerRow>>;

export interface LedgerRow {
  readonly status: string;
  readonly code?: string | undefined;
}

export interface Findings {
  readonly sagas: ReadonlyMap<string, SagaFound>;
  readonly ledgers: ReadonlyMap<string, LedgerFound>;
  /** Temporal's verdict of each saga, by saga id. */
  readonly verdicts: ReadonlyMap<string, string>;
  /** Workflow executions that Temporal lists, runs continued as new left out, by workflow id. */
  readonly workflows: ReadonlyMap<string, number>;
  /** Sentences of the oracle. */
  readonly differences: readonly string[];
  /** Between the stored events, the read model and Temporal's histories. */
  readonly journal: readonly string[];
}

export interface Records {
  readonly orders: readonly OrderRecord[];
  readonly blows: readonly BlowRecord[];
  readonly faults: readonly FaultRecord[];
  /** Processes that ended although nobody struck them, as the supervisor told it. */
  readonly deaths: readonly string[];
  readonly findings: Findings;
}

/** The step of the order process that each service carries out. */
export const REFUSAL_CODE: Readonly<Record<Exclude<ServiceName, 'notification'>, string>> = {
  inventory: 'InsufficientInventory',
  payment: 'PaymentDeclined',
  shipping: 'AddressNotServiceable',
};
