/** Where each step's effect is: its service, its activities, and the resource that the saga's id names. */
import type { ServiceName } from '../workflows/shop.js';
import type { StepName } from './expected.js';

export interface Participation {
  readonly service: ServiceName;
  readonly action: string;
  readonly resource: (sagaId: string) => string;
  /** A body with which the action may come late. */
  readonly body: (orderId: string) => object;
}

const address = { name: 'Ann', street: 'Road 1', city: 'Vienna', postalCode: '1010', country: 'AT' };

export const PARTICIPATIONS: Readonly<Record<StepName, Participation>> = {
  reserve_inventory: {
    service: 'inventory',
    action: 'reserveInventory',
    resource: (sagaId) => `reservations/${sagaId}`,
    body: (orderId) => ({ orderId, items: [{ productId: '123', quantity: 2 }] }),
  },
  process_payment: {
    service: 'payment',
    action: 'processPayment',
    resource: (sagaId) => `payments/${sagaId}`,
    body: (orderId) => ({
      orderId,
      customerId: 'ann',
      paymentMethod: 'pm_ok',
      amount: { amount: 4200, currency: 'EUR' },
    }),
  },
  create_shipment: {
    service: 'shipping',
    action: 'createShipment',
    resource: (sagaId) => `shipments/${sagaId}`,
    body: (orderId) => ({ orderId, items: [{ productId: '123', quantity: 2 }], address }),
  },
  send_confirmation: {
    service: 'notification',
    action: 'sendConfirmation',
    resource: (sagaId) => `notifications/${sagaId}-confirmation`,
    body: (orderId) => ({ orderId, customerId: 'ann', kind: 'confirmation' }),
  },
};
