/** The four services as one table: what each takes, refuses and keeps, so that every rule is shown of each of them. */
import { openInventory } from '../../src/services/inventory/service.js';
import { openNotification } from '../../src/services/notification/service.js';
import { openPayment } from '../../src/services/payment/service.js';
import type { Service, ServiceOptions } from '../../src/services/participant/service.js';
import { openShipping } from '../../src/services/shipping/service.js';

export interface ParticipantCase {
  readonly name: string;
  readonly open: (options: ServiceOptions) => Promise<Service>;
  readonly collection: string;
  readonly idEnd: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What the business refuses, and the code it refuses with. */
  readonly refused: Readonly<Record<string, unknown>>;
  readonly refusal: string;
  /** The code of an injected refusal. */
  readonly mainRefusal: string;
  /** Undefined where there is no DELETE. */
  readonly deleteRefusal: string | undefined;
  /** The same request in other words, and every business field changed in turn. */
  readonly sameMeaning: Readonly<Record<string, unknown>>;
  readonly otherMeanings: readonly Readonly<Record<string, unknown>>[];
  /** What an applied and an undone effect answer of their own. */
  readonly applied: Readonly<Record<string, unknown>>;
  readonly undone: Readonly<Record<string, unknown>>;
  /** The table of the service's own books, by the id. */
  readonly table: string;
  /** How many effects of an id the service's own books hold: 1 while it stands, else 0. */
  readonly standing: string;
}

const orderId = 'o-1';
const address = { name: 'Ada Lovelace', street: 'St James 12', city: 'London', postalCode: 'SW1Y', country: 'GB' };
const amount = { amount: 4200, currency: 'EUR' };
const items = [
  { productId: '123', quantity: 2 },
  { productId: 'pen', quantity: 1 },
];
const pricedItems = [
  { productId: '123', quantity: 2, unitPrice: 2100 },
  { productId: 'pen', quantity: 1, unitPrice: 300 },
];
const itemsInOtherWords = [
  { productId: 'pen', quantity: 1 },
  { productId: '123', quantity: 1 },
  { productId: '123', quantity: 1 },
];
const payment = { orderId, customerId: 'c-1', paymentMethod: 'pm_1', amount };
const mail = { orderId, customerId: 'c-1', kind: 'confirmation' };

export const PARTICIPANTS: readonly ParticipantCase[] = [
  {
    name: 'inventory',
    open: openInventory,
    collection: 'reservations',
    idEnd: '',
    body: { orderId, items },
    refused: { orderId, items: [{ productId: '789', quantity: 2 }] },
    refusal: 'InsufficientInventory',
    mainRefusal: 'InsufficientInventory',
    deleteRefusal: 'ReleaseRefused',
    sameMeaning: { items: itemsInOtherWords, orderId },
    otherMeanings: [
      { orderId: 'o-2', items },
      { orderId, items: items.slice(1) },
      { orderId, items: [{ productId: '123', quantity: 3 }, items[1]] },
    ],
    applied: { orderId, items: pricedItems, total: { amount: 4500, currency: 'EUR' } },
    undone: { orderId, items: pricedItems, total: { amount: 4500, currency: 'EUR' } },
    table: 'reservations',
    standing: 'SELECT count(*)::int AS n FROM reservations WHERE id = $1 AND released_at IS NULL',
  },
  {
    name: 'payment',
    open: openPayment,
    collection: 'payments',
    idEnd: '',
    body: payment,
    refused: { ...payment, paymentMethod: 'pm_declined' },
    refusal: 'PaymentDeclined',
    mainRefusal: 'PaymentDeclined',
    deleteRefusal: 'RefundRefused',
    sameMeaning: { amount: { currency: 'EUR', amount: 4200 }, paymentMethod: 'pm_1', customerId: 'c-1', orderId },
    otherMeanings: [
      { ...payment, orderId: 'o-2' },
      { ...payment, customerId: 'c-2' },
      { ...payment, paymentMethod: 'pm_2' },
      { ...payment, amount: { amount: 4201, currency: 'EUR' } },
      { ...payment, amount: { amount: 4200, currency: 'USD' } },
    ],
    applied: { orderId, amount, captured: 4200, refunded: 0 },
    undone: { orderId, amount, captured: 4200, refunded: 4200 },
    table: 'payments',
    standing: 'SELECT count(*)::int AS n FROM payments WHERE id = $1 AND captured - refunded = 4200',
  },
  {
    name: 'shipping',
    open: openShipping,
    collection: 'shipments',
    idEnd: '',
    body: { orderId, items, address },
    refused: { orderId, items, address: { ...address, country: 'AQ' } },
    refusal: 'AddressNotServiceable',
    mainRefusal: 'AddressNotServiceable',
    deleteRefusal: 'AlreadyCollected',
    sameMeaning: { address, items: itemsInOtherWords, orderId },
    otherMeanings: [
      { orderId: 'o-2', items, address },
      { orderId, items: items.slice(1), address },
      ...Object.keys(address).map((field) => ({ orderId, items, address: { ...address, [field]: 'FR' } })),
    ],
    applied: { orderId, trackingNumber: expect.stringMatching(/^UNW[0-9A-F]{16}$/) },
    undone: { orderId, trackingNumber: expect.stringMatching(/^UNW[0-9A-F]{16}$/) },
    table: 'shipments',
    standing: 'SELECT count(*)::int AS n FROM shipments WHERE id = $1 AND cancelled_at IS NULL',
  },
  {
    name: 'notification',
    open: openNotification,
    collection: 'notifications',
    idEnd: '-confirmation',
    body: mail,
    refused: { ...mail, customerId: 'unreachable-customer' },
    refusal: 'RecipientRejected',
    mainRefusal: 'RecipientRejected',
    deleteRefusal: undefined,
    sameMeaning: { kind: 'confirmation', customerId: 'c-1', orderId },
    otherMeanings: [
      { ...mail, orderId: 'o-2' },
      { ...mail, customerId: 'c-2' },
    ],
    applied: { orderId, kind: 'confirmation' },
    undone: {},
    table: 'notifications',
    standing: 'SELECT count(*)::int AS n FROM notifications WHERE id = $1',
  },
];

export const UNDOABLE = PARTICIPANTS.filter(({ deleteRefusal }) => deleteRefusal !== undefined);
