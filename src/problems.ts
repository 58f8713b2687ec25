/**
 * The one table of the API's error codes. A code is stable: callers branch on it, the documentation explains it, and
 * every problem document (RFC 9457) is made from it. `retryAfter` (seconds) stands where repeating the request helps.
 */

export interface ProblemKind {
  readonly status: number;
  /** One sentence for the customer. */
  readonly title: string;
  /** What the operator does about it. */
  readonly operator: string;
  readonly retryAfter?: number;
}

const NOTHING = 'Nothing: the caller has to change the request.';

export const PROBLEMS = {
  InvalidJson: { status: 400, title: 'The body is not valid JSON.', operator: NOTHING },
  InvalidRequest: { status: 400, title: 'Some of what was sent is missing or not allowed.', operator: NOTHING },
  Unauthenticated: {
    status: 401,
    title: 'Credentials are needed: a bearer token, or an API key.',
    operator: 'Nothing: the caller has to send them.',
  },
  InvalidCredentials: {
    status: 401,
    title: 'The credentials are not valid (any more).',
    operator:
      'Nothing, unless all of them fail: then compare AUTH_ISSUER, AUTH_AUDIENCE and the keys at AUTH_JWKS_URL.',
  },
  Forbidden: {
    status: 403,
    title: 'The credentials do not allow this.',
    operator: 'Nothing, unless the caller should be allowed: then give it the role that the operation names.',
  },
  OriginNotAllowed: {
    status: 403,
    title: 'A web page of this origin may not do this.',
    operator: 'Nothing, unless the page is yours: then name its origin in API_CORS_ORIGINS.',
  },
  HostNotAllowed: {
    status: 421,
    title: 'The API is not called by this host name.',
    operator: 'Nothing, unless the name is yours: then name it in ALLOWED_HOSTS.',
  },
  OrderIdNotAllowed: {
    status: 403,
    title: 'Customers may not choose the id of an order: leave it out.',
    operator: 'Nothing: the shop names orders with an API key or as staff; customers repeat under an Idempotency-Key.',
  },
  RouteNotFound: { status: 404, title: 'There is nothing at this address.', operator: NOTHING },
  OrderNotFound: { status: 404, title: 'There is no such order.', operator: NOTHING },
  SagaNotFound: { status: 404, title: 'There is no such saga.', operator: NOTHING },
  WebhookNotFound: { status: 404, title: 'There is no such webhook.', operator: NOTHING },
  WebhookDeliveryNotFound: {
    status: 404,
    title: 'This webhook has no such delivery.',
    operator: 'Nothing: deliveries are kept for 30 days after they are delivered or have failed.',
  },
  MethodNotAllowed: { status: 405, title: 'This address does not take that method.', operator: NOTHING },
  NotAcceptable: { status: 406, title: 'There is no answer of a type that the caller accepts.', operator: NOTHING },
  RequestInFlight: {
    status: 409,
    title: 'A request with this idempotency key is being handled at the moment; please try again.',
    operator: 'Nothing: if its process has died, a repeat goes on in its place after ten seconds.',
    retryAfter: 1,
  },
  OrderIdTaken: {
    status: 409,
    title: 'Another order has this id already.',
    operator: 'Nothing, unless a caller reports it often: then its ids are not unique.',
  },
  AlreadyFulfilled: {
    status: 409,
    title: 'The order or saga has been fulfilled already.',
    operator: 'Nothing: a return is another process.',
  },
  AlreadyUnwinding: {
    status: 409,
    title: 'The order or saga is being undone already.',
    operator: 'Nothing, unless the saga is blocked: then resolve the step that `blockedOn` names.',
  },
  AlreadyEnded: {
    status: 409,
    title: 'The order or saga has ended already.',
    operator: "Look at the saga's status: it says how it ended.",
  },
  NotApplicable: {
    status: 409,
    title: 'This does not apply to the saga as it stands.',
    operator: "Look at the saga's status: `blockedOn`, `waitingFor` and the steps say what can be decided.",
  },
  ApprovalExpired: {
    status: 409,
    title: 'The time for this approval has passed.',
    operator: 'Nothing: the saga is undone, with this as its reason.',
  },
  Overtaken: {
    status: 409,
    title: 'The step was answered before the request could act.',
    operator: 'Nothing: the saga goes on by itself. Its status says how.',
  },
  SagaPaused: {
    status: 409,
    title: 'The saga is paused in Temporal, and takes no decision until it goes on.',
    operator: 'Unpause its workflow once the reason is gone: `paused` says who has paused it, why, and since when.',
  },
  RunStillLives: { status: 409, title: 'A run of the saga lives: steer it, and repair none.', operator: NOTHING },
  NothingToRepair: { status: 409, title: 'The saga has left nothing behind.', operator: NOTHING },
  NotRepairable: { status: 409, title: 'Only sagas of orders can be repaired.', operator: NOTHING },
  StepsNotNamed: { status: 422, title: 'Name the steps whose effects are to be undone.', operator: NOTHING },
  WebhooksOff: {
    status: 409,
    title: 'Webhooks are switched off here.',
    operator: 'Nothing, unless they should be sent: then set WEBHOOKS=on for the API and the relay.',
  },
  WebhookUrlTaken: {
    status: 409,
    title: 'A webhook with this URL is registered.',
    operator: 'Nothing: GET /api/webhooks lists it. If its secret was lost, rotate it.',
  },
  TooManyWebhooks: {
    status: 409,
    title: 'There are as many webhooks as there may be: 50.',
    operator: 'Delete those that are not needed; each event is stored once for each of them.',
  },
  WebhookNotEnabled: {
    status: 409,
    title: 'The webhook is disabled, or has ended because it answered 410.',
    operator: 'Nothing, unless it should get messages: then enable it (PATCH with enabled: true).',
  },
  PreconditionFailed: {
    status: 412,
    title: 'The saga has changed since it was read.',
    operator: 'Read its status again, then decide.',
  },
  PayloadTooLarge: { status: 413, title: 'The body is larger than 64 KB.', operator: NOTHING },
  UnsupportedMediaType: { status: 415, title: 'The body has to be application/json in UTF-8.', operator: NOTHING },
  UnsupportedEncoding: {
    status: 415,
    title: 'The body may be compressed with gzip, deflate or br, or not at all.',
    operator: NOTHING,
  },
  UnknownProduct: {
    status: 422,
    title: 'The order names a product that is not in the catalogue.',
    operator: 'Nothing, unless the product should exist: then look at the catalogue of the inventory service.',
  },
  IdempotencyKeyReused: {
    status: 422,
    title: 'This idempotency key was used for another request.',
    operator: 'Nothing, unless a caller reports it often: then its keys are not unique.',
  },
  RequestIdReused: {
    status: 422,
    title: 'A decision with this request id and other content was made before.',
    operator: 'Nothing: a new decision needs a new request id.',
  },
  TooManyRequests: {
    status: 429,
    title: 'Too many requests at once; please try again later.',
    operator: 'Nothing, unless a caller needs more: then raise API_RATE_LIMIT.',
    retryAfter: 60,
  },
  TooManyStreams: {
    status: 429,
    title: 'The caller has as many event streams open as it may; please close one, or try again later.',
    operator: 'Nothing, unless a caller needs more: then raise API_STREAMS_PER_CALLER.',
    retryAfter: 5,
  },
  InternalError: {
    status: 500,
    title: 'Something went wrong on our side.',
    operator: 'Find the log line with the correlation id; it has the error. This is a bug.',
  },
  OrdersUnavailable: {
    status: 503,
    title: 'Orders cannot be taken or read at the moment; please try again.',
    operator: 'Bring PostgreSQL back (DATABASE_URL). Nothing that was acknowledged is lost.',
    retryAfter: 1,
  },
  TemporalUnavailable: {
    status: 503,
    title: 'Orders cannot be started or asked at the moment; please send the same request again.',
    operator: 'Bring Temporal back (TEMPORAL_ADDRESS). A repeat with the order id that is named goes on from there.',
    retryAfter: 1,
  },
  JournalUnavailable: {
    status: 503,
    title: 'Lists and histories cannot be read at the moment; please try again.',
    operator: "Bring the journal's PostgreSQL back (JOURNAL_DATABASE_URL). Orders go on without it.",
    retryAfter: 1,
  },
  IdentityUnavailable: {
    status: 503,
    title: 'Credentials cannot be checked at the moment; please try again.',
    operator: 'See that AUTH_JWKS_URL answers with the keys of the issuer.',
    retryAfter: 1,
  },
  Overloaded: {
    status: 503,
    title: 'More orders wait already than can be worked off soon; please try again later.',
    operator: 'Start more workers, or find what holds them up. What was accepted is kept, and is worked off in time.',
    retryAfter: 30,
  },
  NotDecided: {
    status: 503,
    title: 'The request has not been decided yet; please send the same request again.',
    operator:
      'See that a worker runs on the task queue. An order under a chosen id waits until the journal and the services say whether they know it.',
    retryAfter: 1,
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Relative to the API: the page that explains the code. */
export const problemType = (code: ProblemCode): string => `/problems/${code}`;

/** In the problem document of a 401 or 403, and in its line of the log. */
export type DenialReason =
  | 'NoCredentials'
  | 'TwoCredentials'
  | 'NotBearer'
  | 'TokensNotConfigured'
  | 'UnknownApiKey'
  | 'TokenMalformed'
  | 'TokenExpired'
  | 'TokenNotYetValid'
  | 'WrongIssuer'
  | 'WrongAudience'
  | 'ClaimMissing'
  | 'AlgorithmNotAllowed'
  | 'UnknownSigningKey'
  | 'BadSignature'
  | 'SubjectNotText'
  | 'SubjectNotAllowed'
  | 'TicketNotValid'
  | 'RoleMissing'
  | 'OtherCustomer'
  | 'OriginNotAllowed'
  | 'HostNotAllowed';

/** A caller as the log names it. */
export interface LoggedCaller {
  readonly hash?: string;
  readonly roles?: readonly string[];
  /** Of an API key: its name is the operator's own. */
  readonly key?: string;
}

/** Temporal's own pause of a workflow: who has paused it, why, and since when. */
export interface Pause {
  /** The identity that asked for the pause, as Temporal has it. */
  readonly by: string;
  readonly reason: string;
  /** ISO 8601; absent if the server does not tell it. */
  readonly since?: string;
}

/** Which part of the request is at fault: a path like `items[0].productId`, or `body`. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** What a problem document says beyond its code. Never a value that was sent: it may be personal. */
export interface ProblemDetails {
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly orderId?: string;
  readonly sagaId?: string;
  /** The saga's state, where that is why the request was refused. */
  readonly state?: string;
  readonly blockedOn?: string | null;
  /** Who has paused the saga in Temporal, and why. */
  readonly paused?: Pause;
  /** Under which an undecided request is repeated. */
  readonly requestId?: string;
  /** Why a caller was turned away (401, 403): stable, and never a value that was sent. */
  readonly reason?: DenialReason;
  /** Whom credentials name that were not taken; goes into the log alone. */
  readonly caller?: LoggedCaller;
  /** Seconds; goes into the header alone. */
  readonly retryAfter?: number;
}

/** Thrown when a request cannot be served; the error handler answers with it. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly code: ProblemCode,
    readonly details: ProblemDetails = {},
    options?: ErrorOptions,
  ) {
    super(details.detail ?? PROBLEMS[code].title, options);
  }
}
