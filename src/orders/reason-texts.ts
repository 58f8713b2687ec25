/** The sentence for the customer for each reason code. A code that is not here belongs to another saga. */
const TEXTS: Readonly<Record<string, string>> = {
  CancelRequested: 'The order was cancelled on request.',
  InsufficientInventory: 'Not enough of a product is in stock.',
  UnknownProduct: 'A product is not in the catalogue.',
  MixedCurrencies: 'The products are priced in several currencies.',
  PaymentDeclined: 'The payment was declined.',
  AddressNotServiceable: 'There is no delivery to this address.',
  AlreadyCancelled: 'A service had closed the order before it could act.',
  StepTimedOut: 'A service did not answer in time.',
  StepUnknown: 'It could not be learnt what a service has done.',
  DeadlineExceeded: 'The order was not finished in time.',
  ApprovalRejected: 'The order was not approved.',
  ApprovalExpired: 'The order was not approved in time.',
  RunEnded: 'The order was ended from outside, and was undone.',
};

/** The sentence for a reason code, and a general one for a code of another saga; null if there is no reason. */
export const reasonText = (reason: string | null): string | null =>
  reason === null ? null : (TEXTS[reason] ?? 'The order could not be fulfilled.');
