/**
 * The shared vocabulary: what an order and its money are called, in code, API, page and log alike.
 * Types and pure functions only; this file imports nothing.
 */

/**
 * An amount in integer minor units (cents) with its ISO 4217 code: `{amount: 4200, currency: 'EUR'}` is 42.00 EUR. From 0,
 * which is an amount like any other, to the largest safe integer.
 */
export interface Money {
  readonly amount: number;
  readonly currency: string;
}

/** One line of an order; quantities are 1 to 10,000. */
export interface OrderItem {
  readonly productId: string;
  readonly quantity: number;
}

export interface ShippingAddress {
  readonly name: string;
  readonly street: string;
  readonly city: string;
  readonly postalCode: string;
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country: string;
}

/** The shop's own pairs, kept with the order only: up to 20 of short texts. */
export type Metadata = Readonly<Record<string, string>>;

/** What the inventory service asks for one of each product, by its id, in integer minor units of one currency. */
export interface UnitPrices {
  readonly currency: string;
  readonly units: Readonly<Record<string, number>>;
}

/** What the customer asked for. It lives in the `orders` table only: personal data never enters Temporal. */
export interface Order {
  readonly orderId: string;
  readonly customerId: string;
  readonly items: readonly OrderItem[];
  /** A token of the payment provider, never a card number. */
  readonly paymentMethod: string;
  readonly shippingAddress: ShippingAddress;
  /** ISO 8601: its customer was forgotten then, so that all that is personal is blank. */
  readonly forgottenAt?: string | null;
  readonly metadata?: Metadata;
}

/** Why an order is cancelled, for histories and reports; what a customer says beside it stays with the order. */
export const CANCEL_REASONS = [
  'changed_mind',
  'ordered_by_mistake',
  'duplicate',
  'found_elsewhere',
  'too_late',
  'fraud',
  'out_of_stock',
  'other',
] as const;
export type CancelReason = (typeof CANCEL_REASONS)[number];

export const ORDER_ID_PATTERN = /^(?!order-)[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Saga id = workflow id = the id of every effect at the participants. */
export const sagaIdOf = (orderId: string): string => `order-${orderId}`;

/** Undefined if the saga is not an order's: a saga of another type may have any other id, also one that looks like an order id. */
export function orderIdOf(sagaId: string): string | undefined {
  const [, orderId] = /^order-(.*)$/.exec(sagaId) ?? [];
  return orderId !== undefined && ORDER_ID_PATTERN.test(orderId) ? orderId : undefined;
}

/**
 * The steps of an order: the service that each calls, the effect that it has there, and the verbs of its calls with the
 * codes that are definitive answers (any other failure leaves the outcome unknown). `AlreadyCancelled` says that the
 * effect's id was undone or fenced before the action arrived.
 */
export const ORDER_STEPS = {
  reserve_inventory: {
    service: 'inventory',
    effect: 'reservation',
    action: {
      verb: 'reserveInventory',
      refusals: ['InsufficientInventory', 'UnknownProduct', 'MixedCurrencies', 'AlreadyCancelled'],
    },
    compensation: { verb: 'releaseReservation', refusals: ['ReleaseRefused'] },
  },
  process_payment: {
    service: 'payment',
    effect: 'payment',
    action: { verb: 'processPayment', refusals: ['PaymentDeclined', 'AlreadyCancelled'] },
    compensation: { verb: 'refundPayment', refusals: ['RefundRefused'] },
  },
  create_shipment: {
    service: 'shipping',
    effect: 'shipment',
    action: { verb: 'createShipment', refusals: ['AddressNotServiceable', 'AlreadyCancelled'] },
    compensation: { verb: 'cancelShipment', refusals: ['AlreadyCollected'] },
  },
  send_confirmation: {
    service: 'notification',
    effect: 'confirmation',
    action: { verb: 'sendConfirmation', refusals: ['RecipientRejected', 'AlreadyCancelled'] },
  },
  send_cancellation_notice: {
    service: 'notification',
    effect: 'cancellation',
    action: { verb: 'sendCancellationNotice', refusals: ['RecipientRejected', 'AlreadyCancelled'] },
  },
} as const;

export type OrderStep = keyof typeof ORDER_STEPS;
/** The four services. */
export type Participant = (typeof ORDER_STEPS)[OrderStep]['service'];
/** What a step leaves at its service. */
export type OrderEffect = (typeof ORDER_STEPS)[OrderStep]['effect'];

const STEPS = Object.entries(ORDER_STEPS) as [OrderStep, (typeof ORDER_STEPS)[OrderStep]][];

/** The step whose compensation undoes an effect, or whose action makes it. */
export const STEP_OF = Object.fromEntries(STEPS.map(([step, { effect }]) => [effect, step])) as Readonly<
  Record<OrderEffect, OrderStep>
>;

/** The mails of an order; `STEP_OF` names the step that sends each. */
export const NOTICES = ['confirmation', 'cancellation'] as const;
export type NoticeKind = (typeof NOTICES)[number];

/** The fields of a notice's request beside the order's id. The notice's id is the saga's with `-` and the kind behind it. */
export const noticeFields = ({ customerId }: Pick<Order, 'customerId'>, kind: NoticeKind) => ({ customerId, kind });

/** The service that each verb calls. */
export const SERVICE_OF: ReadonlyMap<string, Participant> = new Map(
  STEPS.flatMap(([, { service, ...calls }]) =>
    [calls.action, ...('compensation' in calls ? [calls.compensation] : [])].map(
      ({ verb }) => [verb, service] as const,
    ),
  ),
);

/**
 * ISO 4217 currencies whose minor unit is not a hundredth. Not by `Intl`, which has no decimals for currencies whose coins
 * are out of use (HUF, IDR, IQD), and whose list differs between versions.
 */
const DECIMALS: ReadonlyMap<string, number> = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
  ...'CLF UYW'.split(' ').map((code) => [code, 4] as const),
]);

/** How many decimals an amount in this currency is written with. */
export const decimalsOf = (currency: string): number => DECIMALS.get(currency) ?? 2;

/** `42.00 EUR`. Pure arithmetic, so that a workflow that replays on another ICU version writes the same text. */
export function formatMoney({ amount, currency }: Money): string {
  const decimals = decimalsOf(currency);
  const digits = String(Math.abs(amount)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals === 0 ? '' : `.${digits.slice(-decimals)}`;
  return `${amount < 0 ? '-' : ''}${whole}${fraction} ${currency}`;
}
