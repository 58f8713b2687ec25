/** Every error in an answer is a problem document (RFC 9457) with one of these stable codes. */
interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

const PROBLEMS = {
  ValidationFailed: { status: 400, title: 'The request is not valid' },
  MalformedJson: { status: 400, title: 'The body is not JSON' },
  OriginNotAllowed: { status: 403, title: 'A web page of another origin may not do this' },
  HostNotAllowed: { status: 421, title: 'The service is not called by this name' },
  Unauthenticated: { status: 401, title: 'The call needs the token of this service' },
  NotFound: { status: 404, title: 'There is nothing here' },
  MethodNotAllowed: { status: 405, title: 'This resource does not know that method' },
  PayloadTooLarge: { status: 413, title: 'The body is too large' },
  UnsupportedMediaType: { status: 415, title: 'The body must be application/json' },
  InternalError: { status: 500, title: 'The service has a fault of its own' },
  ServiceUnavailable: { status: 503, title: 'The service cannot answer at the moment' },
  // The ledger
  IdempotencyMismatch: { status: 409, title: 'This id stands for another request' },
  AlreadyCancelled: { status: 410, title: 'This id was cancelled before' },
  // Refusals: definitive business answers
  InsufficientInventory: { status: 422, title: 'Not enough stock' },
  UnknownProduct: { status: 422, title: 'No such product' },
  MixedCurrencies: { status: 422, title: 'The products are priced in different currencies' },
  PaymentDeclined: { status: 422, title: 'The payment was declined' },
  AddressNotServiceable: { status: 422, title: 'No carrier serves this address' },
  RecipientRejected: { status: 422, title: 'The recipient takes no mail' },
  ReleaseRefused: { status: 409, title: 'The reservation cannot be released' },
  RefundRefused: { status: 409, title: 'The payment cannot be refunded' },
  AlreadyCollected: { status: 409, title: 'The carrier has collected the parcel' },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** Additions to a problem, and replacements of its code's defaults. */
interface ProblemExtras {
  readonly status?: number;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown anywhere in a request: the answer is that problem document, and the transaction around it is rolled back. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly status: number;

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(`${code}: ${detail}`);
    this.status = extras.status ?? PROBLEMS[code].status;
  }
}

export function problemDocument(error: ProblemError, correlationId: string): Record<string, unknown> {
  return {
    type: `urn:unwind:problem:${error.code}`,
    title: PROBLEMS[error.code].title,
    status: error.status,
    code: error.code,
    detail: error.detail,
    ...(error.extras.errors === undefined ? {} : { errors: error.extras.errors }),
    correlationId,
  };
}

/** 503 is the one answer that says: nothing is known to have happened, so repeat the request. */
export function unavailable(detail: string): ProblemError {
  return new ProblemError('ServiceUnavailable', detail, { headers: { 'Retry-After': '1' } });
}
