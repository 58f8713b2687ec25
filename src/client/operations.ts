// Generated from openapi.json by `npm run openapi`: do not edit.

export type Order = {
  readonly orderId: OrderId;
  readonly sagaId: string;
  /** Null if the customer was forgotten. */
  readonly customerId: string | null;
  /** When the customer was forgotten: what was personal of the order is blank since then. */
  readonly forgottenAt?: string | undefined;
  readonly items: readonly PricedItem[];
  /** Null until the stock is held. */
  readonly total: Money | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: string;
  /** When its saga changed last. */
  readonly updatedAt?: string | undefined;
  readonly state: SagaState;
  /** Why it failed or was cancelled. */
  readonly reason?: string | null | undefined;
  /** What the code in `reason` means. */
  readonly reasonText?: string | null | undefined;
  readonly shipment?: Shipment | null | undefined;
  readonly refund?: Refund | null | undefined;
  readonly cancellation?: Cancellation | undefined;
  /** The step that waits for an operator. */
  readonly blockedOn?: string | null | undefined;
  readonly waitingFor?:
    | {
        readonly approval: string;
        readonly until: string;
        readonly also?: readonly { readonly approval: string; readonly until: string }[] | undefined;
      }
    | null
    | undefined;
  readonly paused?: Pause | undefined;
  /** When this was true. */
  readonly asOf: string;
  /** Who said it. `readModel`: the journal, everything is there. `workflow`: the saga itself, everything is there. `temporal`: Temporal, with no worker answering; between start and end the state may be older than it looks. `orders`: the orders table, with Temporal away. */
  readonly source: 'readModel' | 'workflow' | 'temporal' | 'orders';
  readonly links: OrderLinks;
};

export type OrderId = string;

export type PricedItem = {
  readonly productId: string;
  readonly quantity: number;
  /** As it was when the stock was held; null before. */
  readonly unitPrice: Money | null;
  readonly total: Money | null;
};

export type Money = { readonly amount: number; readonly currency: string };

export type SagaState = 'STARTED' | 'PENDING' | 'COMPENSATING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

export type Shipment = { readonly trackingNumber: string; readonly status: 'booked' | 'cancelling' | 'cancelled' };

export type Refund = {
  readonly amount: Money;
  readonly status: 'pending' | 'refunded';
  readonly refundedAt: string | null;
};

/** The cancel that was accepted. */
export type Cancellation = {
  readonly by: string;
  /** A code, or what staff wrote. */
  readonly reason: string;
  /** What the customer said beside it. */
  readonly comment?: string | undefined;
  readonly at: string;
};

/** The workflow is paused in Temporal: by whom, why, since when. Absent if it is not. */
export type Pause = { readonly by: string; readonly reason: string; readonly since?: string | undefined };

export type OrderLinks = {
  readonly order: string;
  readonly status: string;
  readonly events: string;
  readonly cancel: string;
};

export type OrderAccepted = {
  readonly orderId: OrderId;
  readonly sagaId: string;
  readonly state: 'STARTED';
  readonly links: OrderLinks;
};

export type Problem = {
  /** `/problems/<code>`: relative to the API, the page that explains the code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code:
    | 'InvalidJson'
    | 'InvalidRequest'
    | 'Unauthenticated'
    | 'InvalidCredentials'
    | 'Forbidden'
    | 'OriginNotAllowed'
    | 'HostNotAllowed'
    | 'OrderIdNotAllowed'
    | 'RouteNotFound'
    | 'OrderNotFound'
    | 'SagaNotFound'
    | 'WebhookNotFound'
    | 'WebhookDeliveryNotFound'
    | 'MethodNotAllowed'
    | 'NotAcceptable'
    | 'RequestInFlight'
    | 'OrderIdTaken'
    | 'AlreadyFulfilled'
    | 'AlreadyUnwinding'
    | 'AlreadyEnded'
    | 'NotApplicable'
    | 'ApprovalExpired'
    | 'Overtaken'
    | 'SagaPaused'
    | 'RunStillLives'
    | 'NothingToRepair'
    | 'NotRepairable'
    | 'StepsNotNamed'
    | 'WebhooksOff'
    | 'WebhookUrlTaken'
    | 'TooManyWebhooks'
    | 'WebhookNotEnabled'
    | 'PreconditionFailed'
    | 'PayloadTooLarge'
    | 'UnsupportedMediaType'
    | 'UnsupportedEncoding'
    | 'UnknownProduct'
    | 'IdempotencyKeyReused'
    | 'RequestIdReused'
    | 'TooManyRequests'
    | 'TooManyStreams'
    | 'InternalError'
    | 'OrdersUnavailable'
    | 'TemporalUnavailable'
    | 'JournalUnavailable'
    | 'IdentityUnavailable'
    | 'Overloaded'
    | 'NotDecided';
  readonly detail?: string | undefined;
  readonly errors?: readonly { readonly field: string; readonly message: string }[] | undefined;
  readonly orderId?: string | undefined;
  readonly sagaId?: string | undefined;
  readonly state?: string | undefined;
  readonly blockedOn?: string | null | undefined;
  readonly paused?: Pause | undefined;
  readonly requestId?: string | undefined;
  /** Of a 401 or 403: why, such as `TokenExpired`. */
  readonly reason?: string | undefined;
  readonly correlationId: string;
};

export type OrderRequest = {
  readonly orderId?: string | undefined;
  /** May be left out in development only, where the demo customer fills it in. */
  readonly customerId?: string | undefined;
  /** Lines of one product are merged; together they are at most 10000. */
  readonly items: readonly OrderItem[];
  /** A token of the payment provider, never a card number. May be left out in development only, where the demo customer fills it in. */
  readonly paymentMethod?: string | undefined;
  readonly shippingAddress?: ShippingAddress | undefined;
  /** The shop's own: up to 20 short texts, kept with the order only. Part of what makes two requests the same. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
};

export type OrderItem = { readonly productId: string; readonly quantity: number };

/** May be left out in development only, where the demo customer fills it in. */
export type ShippingAddress = {
  readonly name: string;
  readonly street: string;
  readonly city: string;
  readonly postalCode: string;
  readonly country: string;
};

export type OrderList = {
  readonly items: readonly OrderSummary[];
  /** The cursor of the next page; null after the last one. */
  readonly next: string | null;
};

export type OrderSummary = {
  readonly orderId: OrderId;
  readonly sagaId: string;
  /** Null if the customer was forgotten. */
  readonly customerId: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly state: SagaState;
  readonly reason: string | null;
  readonly blockedOn: string | null;
  readonly waitingFor: {
    readonly approval: string;
    readonly until: string;
    readonly also?: readonly { readonly approval: string; readonly until: string }[] | undefined;
  } | null;
  readonly total: Money | null;
  readonly updatedAt: string;
  readonly asOf: string;
  readonly links: OrderLinks;
};

export type Decision = {
  readonly orderId: OrderId;
  readonly sagaId: string;
  readonly accepted: true;
  readonly state: string;
  readonly at: string;
};

/** What the decision would do if each call succeeds, and if nothing else happens in between. */
export type Preview = {
  readonly dryRun: true;
  readonly orderId?: OrderId | undefined;
  readonly sagaId: string;
  readonly state: string;
  readonly blockedOn: string | null;
  readonly applies: boolean;
  /** With which the decision would be refused; null if it applies. */
  readonly code: string | null;
  readonly effects: readonly PreviewedEffect[];
  /** To the cent. `charged`: what the order still has to pay. */
  readonly money: { readonly refunded: Money | null; readonly kept: Money | null; readonly charged: Money | null };
  readonly stock: { readonly released: readonly PreviewedItem[]; readonly held: readonly PreviewedItem[] };
  /** The mail that goes out to the customer. */
  readonly notice: { readonly kind: 'confirmation' | 'cancellation'; readonly id: string } | null;
  /** Null if the saga goes on to wait. */
  readonly verdict: { readonly state: string; readonly reason: string | null } | null;
  /** Steps that the verdict would list as waived. */
  readonly waived: readonly string[];
  /** `books`: the services' live effects were read. `journal`: they could not be, or it is no order. */
  readonly basis: 'books' | 'journal';
};

export type PreviewedEffect = {
  readonly step: string;
  /** Null for a saga that is no order's. */
  readonly effect: string | null;
  /** At its participant. */
  readonly id: string;
  /** `made`: the saga goes forward and makes it. `nothingToDo`: nothing is there to be undone. */
  readonly becomes: 'undone' | 'kept' | 'nothingToDo' | 'made';
  /** False while its action is under way, and if neither the books nor the journal know it. */
  readonly certain: boolean;
};

export type PreviewedItem = { readonly productId: string; readonly quantity: number };

export type CancelRequest = {
  /** Kept in the history. */
  readonly reason:
    | 'changed_mind'
    | 'ordered_by_mistake'
    | 'duplicate'
    | 'found_elsewhere'
    | 'too_late'
    | 'fraud'
    | 'out_of_stock'
    | 'other';
  /** In the customer's own words. Kept with the order only, and forgotten with the customer. */
  readonly comment?: string | undefined;
  /** Who decides. If authentication is on, leave it out: the credentials name the caller. */
  readonly actor?: string | undefined;
  /** True: nothing is decided. The answer is a `Preview`: what the decision would do. */
  readonly dryRun?: boolean | undefined;
};

export type DecisionRequest = {
  /** Kept in the history: nothing personal. */
  readonly reason: string;
  /** Who decides. If authentication is on, leave it out: the credentials name the caller. */
  readonly actor?: string | undefined;
  /** True: nothing is decided. The answer is a `Preview`: what the decision would do. */
  readonly dryRun?: boolean | undefined;
};

export type SagaList = {
  readonly items: readonly SagaView[];
  /** The cursor of the next page; null after the last one. */
  readonly next: string | null;
};

export type SagaView = {
  readonly sagaId: string;
  readonly sagaType: string;
  readonly state: SagaState;
  /** Ids and totals. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly currentStep: string | null;
  /** The step that waits for an operator. */
  readonly blockedOn: string | null;
  readonly waitingFor: {
    readonly approval: string;
    readonly until: string;
    readonly also?: readonly { readonly approval: string; readonly until: string }[] | undefined;
  } | null;
  /** Why it failed or was cancelled. */
  readonly reason: string | null;
  readonly steps: readonly SagaStep[];
  readonly waivers: readonly Waiver[];
  readonly deadLetters: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly version: number;
  readonly branch: number;
  readonly behindGap: boolean;
  readonly asOf: string;
};

export type SagaStep = {
  readonly name: string;
  readonly kind: 'compensatable' | 'pivot' | 'retriable';
  readonly status:
    | 'pending'
    | 'executing'
    | 'completed'
    | 'failed'
    | 'compensating'
    | 'compensated'
    | 'unknown'
    | 'nothingToDo'
    | 'skipped';
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  readonly executedAt?: string | undefined;
  readonly timeoutAt?: string | undefined;
  readonly compensatedAt?: string | undefined;
  readonly attempts: number;
};

export type Waiver = { readonly step: string; readonly actor: string; readonly reason: string };

export type BulkResolveResponse = {
  readonly bulkId: string;
  readonly dryRun: boolean;
  readonly results: readonly BulkResult[];
  /** How many results there are of each outcome. */
  readonly counts: Readonly<Record<string, number>>;
  /** There are more blocked sagas that the filter takes. */
  readonly more: boolean;
};

export type BulkResult = {
  readonly sagaId: string;
  readonly step: string;
  readonly outcome: 'wouldResolve' | 'accepted' | 'refused' | 'undecided' | 'notTried';
  /** Why not: the code of a problem. */
  readonly code?: string | undefined;
  readonly state?: string | undefined;
  /** Of a dry run: what the decision would do. */
  readonly preview?:
    | {
        readonly dryRun: true;
        readonly orderId?: OrderId | undefined;
        readonly sagaId: string;
        readonly state: string;
        readonly blockedOn: string | null;
        readonly applies: boolean;
        /** With which the decision would be refused; null if it applies. */
        readonly code: string | null;
        readonly effects: readonly PreviewedEffect[];
        /** To the cent. `charged`: what the order still has to pay. */
        readonly money: {
          readonly refunded: Money | null;
          readonly kept: Money | null;
          readonly charged: Money | null;
        };
        readonly stock: { readonly released: readonly PreviewedItem[]; readonly held: readonly PreviewedItem[] };
        /** The mail that goes out to the customer. */
        readonly notice: { readonly kind: 'confirmation' | 'cancellation'; readonly id: string } | null;
        /** Null if the saga goes on to wait. */
        readonly verdict: { readonly state: string; readonly reason: string | null } | null;
        /** Steps that the verdict would list as waived. */
        readonly waived: readonly string[];
        /** `books`: the services' live effects were read. `journal`: they could not be, or it is no order. */
        readonly basis: 'books' | 'journal';
      }
    | undefined;
};

export type BulkResolveRequest = {
  /** The same id finds the decisions again: each saga gets the request id `bulkId:sagaId`. */
  readonly bulkId?: string | undefined;
  readonly filter: SagaFilter;
  readonly action: 'retry' | 'skip' | 'applied' | 'notApplied';
  /** Kept in the history: nothing personal. */
  readonly reason: string;
  /** Who decides. If authentication is on, leave it out: the credentials name the caller. */
  readonly actor?: string | undefined;
  /** Lists what would be touched, and touches nothing. */
  readonly dryRun?: boolean | undefined;
  /** Sagas at once. */
  readonly limit?: number | undefined;
};

export type SagaFilter = {
  readonly state?: SagaState | undefined;
  readonly type?: string | undefined;
  readonly blockedOn?: string | undefined;
  /** Time since its last event: `30s`, `10m`, `2h`, `7d`; at most `36500d`. */
  readonly olderThan?: string | undefined;
};

/** Members that the source does not know are absent. */
export type SagaStatus = {
  readonly sagaId: string;
  readonly sagaType: string;
  readonly state: SagaState;
  /** Ids and totals. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly currentStep?: string | null | undefined;
  /** The step that waits for an operator. */
  readonly blockedOn?: string | null | undefined;
  readonly waitingFor?:
    | {
        readonly approval: string;
        readonly until: string;
        readonly also?: readonly { readonly approval: string; readonly until: string }[] | undefined;
      }
    | null
    | undefined;
  /** Why it failed or was cancelled. */
  readonly reason?: string | null | undefined;
  readonly steps?: readonly SagaStep[] | undefined;
  readonly waivers?: readonly Waiver[] | undefined;
  readonly deadLetters?: readonly string[] | undefined;
  readonly createdAt: string;
  readonly updatedAt?: string | undefined;
  readonly paused?: Pause | undefined;
  /** When this was true. */
  readonly asOf: string;
  /** Who said it. `readModel`: the journal, everything is there. `workflow`: the saga itself, everything is there. `temporal`: Temporal, with no worker answering; between start and end the state may be older than it looks. `orders`: the orders table, with Temporal away. */
  readonly source: 'readModel' | 'workflow' | 'temporal' | 'orders';
  /** Temporal's status of the workflow. `FAILED`, `TIMED_OUT` and `TERMINATED` are alarms: the saga has stopped in the given state. `NOT_FOUND`: Temporal knows nothing of it (any more). */
  readonly temporalStatus?: string | undefined;
};

export type EventList = {
  readonly sagaId: string;
  readonly items: readonly SagaEvent[];
  /** `after` of the next page; null if there are no more as yet. */
  readonly next: number | null;
};

export type SagaEvent = {
  readonly id: string;
  readonly sagaId: string;
  readonly branch: number;
  readonly seq: number;
  readonly position: number;
  readonly type: string;
  readonly data: { readonly type: string; readonly [name: string]: unknown };
  readonly at: string;
  readonly runId: string;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  readonly supersededBy: number | null;
};

export type AuditPage = {
  readonly items: readonly AuditRow[];
  /** The cursor of the next page; null after the last one. */
  readonly next: string | null;
};

export type AuditRow = {
  readonly id: string;
  /** When it was answered; of a decision with an unknown outcome, when it was asked. */
  readonly at: string;
  /** `saga`: recorded by the saga alone; it came by Temporal itself, say. */
  readonly door: 'api' | 'kafka' | 'cli' | 'saga';
  /** `customer` for any customer. */
  readonly actor: string;
  readonly kind: 'person' | 'machine' | 'customer' | 'unknown';
  readonly roles: readonly string[];
  readonly action: string;
  readonly sagaId: string | null;
  readonly step: string | null;
  /** Of a decision on something else than a saga. */
  readonly subject: string | null;
  readonly reason: string | null;
  readonly requestId: string | null;
  readonly correlationId: string | null;
  /** `denied`: not allowed. `refused`: allowed, and it did not apply. `undecided`: answered with 503. `unknown`: it is under way, or its process died before the answer. */
  readonly outcome: 'accepted' | 'refused' | 'denied' | 'undecided' | 'failed' | 'unknown';
  /** Of the problem with which it was refused or denied. */
  readonly code: string | null;
};

export type AllEvents = {
  readonly items: readonly SagaEvent[];
  /** `cursor` of the next page, also if there is nothing more as yet. */
  readonly next: string;
  /** There may be more at once. */
  readonly more: boolean;
  /** All events that were confirmed by then were looked at. */
  readonly asOf: string;
};

export type ServerSentEvent = {
  readonly id: string;
  readonly event: string;
  /** A `SagaEvent` as JSON. */
  readonly data: string;
};

export type StreamTicket = {
  readonly sagaId: string;
  /** The address of the stream, with the ticket in it. */
  readonly stream: string;
  /** The stream has to be opened before; it goes on afterwards. */
  readonly expiresAt: string;
};

export type ResolveDecision = {
  /** Of an order's saga only. */
  readonly orderId?: string | undefined;
  readonly sagaId: string;
  readonly accepted: true;
  readonly state: string;
  readonly at: string;
  readonly step: string;
  readonly action: ResolveAction;
  readonly requestId: string;
};

/** `retry`: a new budget. `skip`: leave it as it is; the verdict lists the waiver. `block`: stop retrying. `applied`, `notApplied`: what became of an action that the participant could not tell. */
export type ResolveAction = 'retry' | 'skip' | 'block' | 'applied' | 'notApplied';

export type ResolveRequest = {
  readonly action: ResolveAction;
  /** Kept in the history: nothing personal. */
  readonly reason: string;
  /** Who decides. If authentication is on, leave it out: the credentials name the caller. */
  readonly actor?: string | undefined;
  /** The same id with the same content finds the decision again; `Idempotency-Key` can say it as well. */
  readonly requestId?: string | undefined;
  /** True: nothing is decided. The answer is a `Preview`: what the decision would do. */
  readonly dryRun?: boolean | undefined;
};

export type SagaDecision = {
  /** Of an order's saga only. */
  readonly orderId?: string | undefined;
  readonly sagaId: string;
  readonly accepted: true;
  readonly state: string;
  readonly at: string;
};

export type FindingsPage = {
  readonly items: readonly Finding[];
  /** The cursor of the next page; null after the last one. */
  readonly next: string | null;
};

/** A saga that was left behind, and what it still holds. */
export type Finding = {
  readonly sagaId: string;
  /** Null, as `state` is, if the journal knows no such saga. */
  readonly sagaType: string | null;
  /** The state by its last stored event. */
  readonly state: string | null;
  /** `RunTerminated`, `RunTimedOut`, `RunFailed`, `RunGone`: the run ended without a verdict; Temporal does not know a run that is gone. `NoSaga`: effects are live that no saga owns. `EffectsLeft`: effects are live although the verdict says that they were undone. `EffectsGone`: steps stand completed, and their effects are gone. */
  readonly cause: 'RunTerminated' | 'RunTimedOut' | 'RunFailed' | 'RunGone' | 'NoSaga' | 'EffectsLeft' | 'EffectsGone';
  /** When its run ended; if that is not known, when it was found. */
  readonly since: string;
  readonly foundAt: string;
  /** When the reconciler last looked at it. */
  readonly seenAt: string;
  readonly holds: {
    readonly effects: readonly { readonly step: string; readonly effect: string; readonly id: string }[];
    /** Captured less refunded, in minor units. */
    readonly money: Money | null;
    readonly stock: readonly PreviewedItem[];
  };
};

/** The repair runs: from now on the saga is steered as any other. */
export type Repair = {
  readonly orderId?: OrderId | undefined;
  readonly sagaId: string;
  readonly accepted: true;
  readonly state: string;
  readonly at: string;
  readonly requestId: string;
};

/** What the repair would undo, and the verdict that follows. */
export type RepairPreview = {
  readonly dryRun: true;
  readonly orderId?: OrderId | undefined;
  readonly sagaId: string;
  readonly state: string;
  readonly blockedOn: string | null;
  readonly applies: boolean;
  /** With which the decision would be refused; null if it applies. */
  readonly code: string | null;
  readonly effects: readonly PreviewedEffect[];
  /** To the cent. `charged`: what the order still has to pay. */
  readonly money: { readonly refunded: Money | null; readonly kept: Money | null; readonly charged: Money | null };
  readonly stock: { readonly released: readonly PreviewedItem[]; readonly held: readonly PreviewedItem[] };
  /** The mail that goes out to the customer. */
  readonly notice: { readonly kind: 'confirmation' | 'cancellation'; readonly id: string } | null;
  /** Null if the saga goes on to wait. */
  readonly verdict: { readonly state: string; readonly reason: string | null } | null;
  /** Steps that the verdict would list as waived. */
  readonly waived: readonly string[];
  /** `books`: the services' live effects were read. `journal`: they could not be, or it is no order. */
  readonly basis: 'books' | 'journal';
};

export type RepairRequest = {
  /** Kept in the history: nothing personal. */
  readonly reason: string;
  /** Who decides. If authentication is on, leave it out: the credentials name the caller. */
  readonly actor?: string | undefined;
  /** The same id with the same content finds the decision again; `Idempotency-Key` can say it as well. */
  readonly requestId?: string | undefined;
  /** Only for a saga that has a verdict, which it keeps: the steps whose effects are undone. */
  readonly steps?: readonly ('reserve_inventory' | 'process_payment' | 'create_shipment')[] | undefined;
  /** True: nothing is decided. The answer is a `Preview`: what the decision would do. */
  readonly dryRun?: boolean | undefined;
};

export type WebhookWithSecret = {
  readonly webhookId: string;
  readonly url: string;
  readonly description: string;
  readonly events: readonly ('order.completed' | 'order.failed' | 'order.cancelled' | 'order.blocked')[];
  /** `ended`: it answered 410. */
  readonly state: 'enabled' | 'disabled' | 'ended';
  readonly createdBy: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Until then the secret before this one signs as well. */
  readonly oldSecretUntil: string | null;
  /** Since when every attempt has failed. */
  readonly failingSince: string | null;
  /** `whsec_…`: shown here, and never again. */
  readonly secret: string;
};

export type NewWebhook = {
  /** Begins with `https:`; without user, password and fragment; not of a private network. */
  readonly url: string;
  readonly events: readonly ('order.completed' | 'order.failed' | 'order.cancelled' | 'order.blocked')[];
  /** For people. */
  readonly description?: string | undefined;
};

export type WebhookList = { readonly items: readonly Webhook[] };

export type Webhook = {
  readonly webhookId: string;
  readonly url: string;
  readonly description: string;
  readonly events: readonly ('order.completed' | 'order.failed' | 'order.cancelled' | 'order.blocked')[];
  /** `ended`: it answered 410. */
  readonly state: 'enabled' | 'disabled' | 'ended';
  readonly createdBy: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Until then the secret before this one signs as well. */
  readonly oldSecretUntil: string | null;
  /** Since when every attempt has failed. */
  readonly failingSince: string | null;
};

export type WebhookChange = {
  /** Begins with `https:`; without user, password and fragment; not of a private network. */
  readonly url?: string | undefined;
  readonly events?: readonly ('order.completed' | 'order.failed' | 'order.cancelled' | 'order.blocked')[] | undefined;
  /** For people. */
  readonly description?: string | undefined;
  /** `false`: it gets no new events, and what waits for it goes on waiting. `true` also revives one that has ended, and what waits is due at once. */
  readonly enabled?: boolean | undefined;
};

export type WebhookDelivery = {
  readonly deliveryId: string;
  /** The header `webhook-id`: the same at each attempt and re-send. */
  readonly messageId: string;
  readonly event: string;
  /** Null for a test. */
  readonly sagaId: string | null;
  readonly state: 'pending' | 'delivered' | 'failed';
  readonly createdAt: string;
  /** Attempts that began; the last one may be under way. */
  readonly attempts: number;
  readonly lastAttemptAt: string | null;
  /** The status of the last answer; null if there was none. */
  readonly lastStatus: number | null;
  /** Why there was no answer. */
  readonly lastError: string | null;
  /** Null once it is delivered or has failed. */
  readonly nextAttemptAt: string | null;
};

export type WebhookDeliveryList = {
  readonly items: readonly WebhookDelivery[];
  /** The cursor of the next page; null after the last one. */
  readonly next: string | null;
};

export type Caller = {
  readonly roles: readonly ('customer' | 'operator' | 'admin')[];
  /** The name of this caller in histories and events; null if authentication is off. */
  readonly actor: string | null;
  /** The customer whose orders are the only ones that this caller reaches; null for staff. */
  readonly customerId: string | null;
  /** When the credentials expire; null if they do not. */
  readonly expiresAt: string | null;
};

export type Permissions = {
  readonly roles: readonly ('customer' | 'operator' | 'admin')[];
  readonly items: readonly Permission[];
};

export type Permission = {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  /** The decision that it makes, as the audit names it. */
  readonly decides: string | null;
  readonly allowed: boolean;
  /** Customers reach their own orders and their sagas; all others are not found for them. */
  readonly limitedTo: 'ownOrders';
  /** Why it is not allowed. */
  readonly why: {
    /** With which the operation would answer. */
    readonly code: 'Forbidden';
    readonly reason: 'RoleMissing';
    /** One of these roles is needed. */
    readonly needs: readonly ('customer' | 'operator' | 'admin')[];
  } | null;
};

export type Liveness = { readonly status: 'live' };

export type Readiness = {
  /** `ready`: every duty can be done. `degraded`: some of them. `unavailable`: none, or the process ends. */
  readonly status: 'ready' | 'degraded' | 'unavailable';
  /** Orders and their status can be read: PostgreSQL answers. */
  readonly reads: 'up' | 'down';
  /** Orders can be placed: PostgreSQL and Temporal answer, PostgreSQL takes writes, and the embedded servers have room. */
  readonly places: 'up' | 'down';
  /** Decisions can be made: PostgreSQL and Temporal answer, and PostgreSQL takes writes. */
  readonly steers: 'up' | 'down';
  readonly postgresql: 'up' | 'down';
  readonly temporal: 'up' | 'down';
  /** PostgreSQL took a small write, seconds ago at most. */
  readonly writes: 'up' | 'down';
  /** Why a duty cannot be done, a sentence each; empty if all can. */
  readonly reasons: readonly string[];
  /** Temporal's time minus this process's, in milliseconds; null while it is not known. */
  readonly clockDifferenceMs: number | null;
};

/** What each operation takes, and what it answers, by status. */

export interface Operations {
  /** Orders, newest first */
  readonly listOrders: {
    readonly params: object;
    readonly query: {
      /** Any of these states: the parameter several times, or once with commas between. */
      readonly state?: readonly SagaState[] | undefined;
      /** `true`: only those that wait for an approval. */
      readonly waitsForApproval?: boolean | undefined;
      /** Orders with a line of this product. */
      readonly productId?: string | undefined;
      readonly customerId?: string | undefined;
      /** The order was created at this time or later; applies with every filter. */
      readonly from?: string | undefined;
      /** The order was created before this time. */
      readonly to?: string | undefined;
      /** Its saga changed last at this time or later. With this or `updatedTo` the list is sorted by `updatedAt`, oldest first. */
      readonly updatedFrom?: string | undefined;
      /** Its saga changed last before this time. */
      readonly updatedTo?: string | undefined;
      /** `next` of the page before. */
      readonly cursor?: string | undefined;
      readonly limit?: number | undefined;
    };
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** Answers 304 if nothing has changed. */
      readonly 'if-none-match'?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: OrderList; readonly 304: undefined };
  };
  /** Place an order */
  readonly placeOrder: {
    readonly params: object;
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** The caller's own name for this request. A repeat is answered as the first was (`Idempotency-Replayed: true`); a repeat that comes while the first is handled is 409, another body is 422. Only successes are stored, for as long as the order. */
      readonly 'idempotency-key'?: string | undefined;
      /** `wait=N`: answers with the outcome if it comes within N seconds, at most 30 (RFC 7240). */
      readonly prefer?: string | undefined;
    };
    readonly body: OrderRequest;
    readonly answers: { readonly 200: Order; readonly 202: OrderAccepted };
  };
  /** What was ordered, and how it stands */
  readonly getOrder: {
    readonly params: { readonly orderId: OrderId };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** Answers 304 if nothing has changed. */
      readonly 'if-none-match'?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: Order; readonly 304: undefined };
  };
  /** Cancel an order */
  readonly cancelOrder: {
    readonly params: { readonly orderId: OrderId };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** The ETag that was decided on: anything newer is 412. */
      readonly 'if-match'?: string | undefined;
    };
    readonly body: CancelRequest;
    readonly answers: { readonly 200: Decision | Preview };
  };
  /** Approve an order that waits for it */
  readonly approveOrder: {
    readonly params: { readonly orderId: OrderId };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** The ETag that was decided on: anything newer is 412. */
      readonly 'if-match'?: string | undefined;
    };
    readonly body: DecisionRequest;
    readonly answers: { readonly 200: Decision | Preview };
  };
  /** Reject an order that waits for approval */
  readonly rejectOrder: {
    readonly params: { readonly orderId: OrderId };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** The ETag that was decided on: anything newer is 412. */
      readonly 'if-match'?: string | undefined;
    };
    readonly body: DecisionRequest;
    readonly answers: { readonly 200: Decision | Preview };
  };
  /** Sagas, newest first */
  readonly listSagas: {
    readonly params: object;
    readonly query: {
      readonly state?: SagaState | undefined;
      readonly type?: string | undefined;
      readonly blockedOn?: string | undefined;
      /** Time since its last event: `30s`, `10m`, `2h`, `7d`; at most `36500d`. */
      readonly olderThan?: string | undefined;
      /** `next` of the page before. */
      readonly cursor?: string | undefined;
      readonly limit?: number | undefined;
    };
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** Answers 304 if nothing has changed. */
      readonly 'if-none-match'?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: SagaList; readonly 304: undefined };
  };
  /** Decide for many blocked sagas at once */
  readonly resolveSagas: {
    readonly params: object;
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: BulkResolveRequest;
    readonly answers: { readonly 200: BulkResolveResponse };
  };
  /** Where a saga stands, step by step */
  readonly getSagaStatus: {
    readonly params: { readonly sagaId: string };
    readonly query: {
      /** Asks the saga itself, which needs a worker. */
      readonly fresh?: boolean | undefined;
    };
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** Answers 304 if nothing has changed. */
      readonly 'if-none-match'?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: SagaStatus; readonly 304: undefined };
  };
  /** A saga's events, in order */
  readonly listSagaEvents: {
    readonly params: { readonly sagaId: string };
    readonly query: {
      /** A position. */
      readonly after?: number | undefined;
      readonly limit?: number | undefined;
      /** Also the events that a reset has superseded. */
      readonly allBranches?: boolean | undefined;
    };
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** Answers 304 if nothing has changed. */
      readonly 'if-none-match'?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: EventList; readonly 304: undefined };
  };
  /** A saga's decisions and denials, newest first */
  readonly listSagaDecisions: {
    readonly params: { readonly sagaId: string };
    readonly query: {
      /** `next` of the page before. */
      readonly cursor?: string | undefined;
      readonly limit?: number | undefined;
    };
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: AuditPage };
  };
  /** Events of all sagas, oldest first */
  readonly listEvents: {
    readonly params: object;
    readonly query: {
      /** Any of these types: the parameter several times, or once with commas between. */
      readonly type?: readonly string[] | undefined;
      /** The position of an event: those behind it. To go on from a page its `next` is the place, as `cursor`. */
      readonly after?: number | undefined;
      /** `next` of the page before. */
      readonly cursor?: string | undefined;
      readonly limit?: number | undefined;
    };
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: AllEvents };
  };
  /** A saga's events as they come */
  readonly streamSagaEvents: {
    readonly params: { readonly sagaId: string };
    readonly query: {
      /** From `createStreamTicket`, instead of other credentials. */
      readonly ticket?: string | undefined;
      /** The position after which to begin; `Last-Event-ID` wins. */
      readonly after?: number | undefined;
    };
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** The position after which to go on. */
      readonly 'last-event-id'?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: undefined; readonly 204: undefined };
  };
  /** A ticket with which a browser opens the stream of a saga */
  readonly createStreamTicket: {
    readonly params: { readonly sagaId: string };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 201: StreamTicket };
  };
  /** Decide on a step that is blocked, or is being retried */
  readonly resolveStep: {
    readonly params: { readonly sagaId: string; readonly step: string };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** The ETag that was decided on: anything newer is 412. */
      readonly 'if-match'?: string | undefined;
      /** Instead of `requestId` in the body. */
      readonly 'idempotency-key'?: string | undefined;
    };
    readonly body: ResolveRequest;
    readonly answers: { readonly 200: ResolveDecision | Preview };
  };
  /** Cancel a saga */
  readonly cancelSaga: {
    readonly params: { readonly sagaId: string };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** The ETag that was decided on: anything newer is 412. */
      readonly 'if-match'?: string | undefined;
    };
    readonly body: DecisionRequest;
    readonly answers: { readonly 200: SagaDecision | Preview };
  };
  /** Approve a saga that waits for it */
  readonly approveSaga: {
    readonly params: { readonly sagaId: string };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** The ETag that was decided on: anything newer is 412. */
      readonly 'if-match'?: string | undefined;
    };
    readonly body: DecisionRequest;
    readonly answers: { readonly 200: SagaDecision | Preview };
  };
  /** Reject a saga that waits for approval */
  readonly rejectSaga: {
    readonly params: { readonly sagaId: string };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
      /** The ETag that was decided on: anything newer is 412. */
      readonly 'if-match'?: string | undefined;
    };
    readonly body: DecisionRequest;
    readonly answers: { readonly 200: SagaDecision | Preview };
  };
  /** Decisions and denials, newest first */
  readonly listAudit: {
    readonly params: object;
    readonly query: {
      readonly sagaId?: string | undefined;
      /** Who decided, exactly as the audit has it. */
      readonly actor?: string | undefined;
      readonly action?: string | undefined;
      readonly outcome?: 'accepted' | 'refused' | 'denied' | 'undecided' | 'failed' | 'unknown' | undefined;
      /** Included. */
      readonly from?: string | undefined;
      /** Not included. */
      readonly to?: string | undefined;
      /** `next` of the page before. */
      readonly cursor?: string | undefined;
      readonly limit?: number | undefined;
    };
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: AuditPage };
  };
  /** The audit as a file */
  readonly exportAudit: {
    readonly params: object;
    readonly query: {
      readonly format?: 'csv' | 'ndjson' | undefined;
      readonly sagaId?: string | undefined;
      /** Who decided, exactly as the audit has it. */
      readonly actor?: string | undefined;
      readonly action?: string | undefined;
      readonly outcome?: 'accepted' | 'refused' | 'denied' | 'undecided' | 'failed' | 'unknown' | undefined;
      /** Included. */
      readonly from?: string | undefined;
      /** Not included. */
      readonly to?: string | undefined;
    };
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: undefined };
  };
  /** Sagas that were left behind, the longest known first */
  readonly listFindings: {
    readonly params: object;
    readonly query: {
      /** `next` of the page before. */
      readonly cursor?: string | undefined;
      readonly limit?: number | undefined;
    };
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: FindingsPage };
  };
  /** Undo what a saga has left behind */
  readonly repairSaga: {
    readonly params: { readonly sagaId: string };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: RepairRequest;
    readonly answers: { readonly 200: Repair | RepairPreview };
  };
  /** All endpoints, the oldest first, without their secrets */
  readonly listWebhooks: {
    readonly params: object;
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: WebhookList };
  };
  /** Register an endpoint for events of orders */
  readonly createWebhook: {
    readonly params: object;
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: NewWebhook;
    readonly answers: { readonly 201: WebhookWithSecret };
  };
  /** One endpoint, without its secret */
  readonly getWebhook: {
    readonly params: { readonly webhookId: string };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: Webhook };
  };
  /** Change an endpoint: its URL, its events, on or off */
  readonly changeWebhook: {
    readonly params: { readonly webhookId: string };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: WebhookChange;
    readonly answers: { readonly 200: Webhook };
  };
  /** Delete an endpoint */
  readonly deleteWebhook: {
    readonly params: { readonly webhookId: string };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 204: undefined };
  };
  /** Replace an endpoint's secret */
  readonly rotateWebhookSecret: {
    readonly params: { readonly webhookId: string };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: WebhookWithSecret };
  };
  /** Send a test message, `webhook.test` */
  readonly testWebhook: {
    readonly params: { readonly webhookId: string };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 202: WebhookDelivery };
  };
  /** An endpoint's messages, the newest first */
  readonly listWebhookDeliveries: {
    readonly params: { readonly webhookId: string };
    readonly query: {
      readonly state?: 'pending' | 'delivered' | 'failed' | undefined;
      /** `next` of the page before. */
      readonly cursor?: string | undefined;
      readonly limit?: number | undefined;
    };
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: WebhookDeliveryList };
  };
  /** Send a message again, now */
  readonly resendWebhookDelivery: {
    readonly params: { readonly webhookId: string; readonly deliveryId: string };
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 202: WebhookDelivery };
  };
  /** Who the caller is to the API, and with which roles */
  readonly getCaller: {
    readonly params: object;
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: Caller };
  };
  /** What the caller may do, and why not */
  readonly getPermissions: {
    readonly params: object;
    readonly query: object;
    readonly headers: {
      /** Passed to every service and log line, and returned; made if it is absent or does not match `^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`. */
      readonly 'x-correlation-id'?: string | undefined;
      /** W3C trace context: the trace that the request goes on with; returned with a span of its own. */
      readonly traceparent?: string | undefined;
    };
    readonly body: undefined;
    readonly answers: { readonly 200: Permissions };
  };
  /** This process answers */
  readonly live: {
    readonly params: object;
    readonly query: object;
    readonly headers: object;
    readonly body: undefined;
    readonly answers: { readonly 200: Liveness };
  };
  /** What can be done at the moment: reading, placing, steering */
  readonly ready: {
    readonly params: object;
    readonly query: {
      /** Answers 503 unless this duty can be done. Without it 503 says that none can, or that the process ends. */
      readonly duty?: 'reads' | 'places' | 'steers' | undefined;
    };
    readonly headers: object;
    readonly body: undefined;
    readonly answers: { readonly 200: Readiness };
  };
}

export const OPERATIONS = {
  listOrders: { method: 'GET', path: '/api/orders' },

  placeOrder: { method: 'POST', path: '/api/orders' },

  getOrder: { method: 'GET', path: '/api/orders/{orderId}' },

  cancelOrder: { method: 'POST', path: '/api/orders/{orderId}/cancel' },

  approveOrder: { method: 'POST', path: '/api/orders/{orderId}/approve' },

  rejectOrder: { method: 'POST', path: '/api/orders/{orderId}/reject' },

  listSagas: { method: 'GET', path: '/api/sagas' },

  resolveSagas: { method: 'POST', path: '/api/sagas/resolve' },

  getSagaStatus: { method: 'GET', path: '/api/sagas/{sagaId}/status' },

  listSagaEvents: { method: 'GET', path: '/api/sagas/{sagaId}/events' },

  listSagaDecisions: { method: 'GET', path: '/api/sagas/{sagaId}/decisions' },

  listEvents: { method: 'GET', path: '/api/events' },

  streamSagaEvents: { method: 'GET', path: '/api/sagas/{sagaId}/stream' },

  createStreamTicket: { method: 'POST', path: '/api/sagas/{sagaId}/stream-tickets' },

  resolveStep: { method: 'POST', path: '/api/sagas/{sagaId}/steps/{step}/resolve' },

  cancelSaga: { method: 'POST', path: '/api/sagas/{sagaId}/cancel' },

  approveSaga: { method: 'POST', path: '/api/sagas/{sagaId}/approve' },

  rejectSaga: { method: 'POST', path: '/api/sagas/{sagaId}/reject' },

  listAudit: { method: 'GET', path: '/api/audit' },

  exportAudit: { method: 'GET', path: '/api/audit/export' },

  listFindings: { method: 'GET', path: '/api/reconciler' },

  repairSaga: { method: 'POST', path: '/api/reconciler/{sagaId}/repair' },

  listWebhooks: { method: 'GET', path: '/api/webhooks' },

  createWebhook: { method: 'POST', path: '/api/webhooks' },

  getWebhook: { method: 'GET', path: '/api/webhooks/{webhookId}' },

  changeWebhook: { method: 'PATCH', path: '/api/webhooks/{webhookId}' },

  deleteWebhook: { method: 'DELETE', path: '/api/webhooks/{webhookId}' },

  rotateWebhookSecret: { method: 'POST', path: '/api/webhooks/{webhookId}/rotate-secret' },

  testWebhook: { method: 'POST', path: '/api/webhooks/{webhookId}/test' },

  listWebhookDeliveries: { method: 'GET', path: '/api/webhooks/{webhookId}/deliveries' },

  resendWebhookDelivery: { method: 'POST', path: '/api/webhooks/{webhookId}/deliveries/{deliveryId}/resend' },

  getCaller: { method: 'GET', path: '/api/caller' },

  getPermissions: { method: 'GET', path: '/api/permissions' },

  live: { method: 'GET', path: '/health/live' },

  ready: { method: 'GET', path: '/health/ready' },
} as const satisfies Record<
  keyof Operations,
  { readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'; readonly path: string }
>;
