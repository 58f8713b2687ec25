/** The four HTTP calls of an order as anybody would write them: what every variant that is not Unwind does. */
import type { Money, Order } from '../../src/order.js';

export interface StepUrls {
  readonly inventory: string;
  readonly payment: string;
  readonly shipping: string;
  readonly notification: string;
}

async function send(method: 'PUT' | 'DELETE', url: string, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text.slice(0, 200)}`);
  return JSON.parse(text);
}

type Of<Name extends keyof Order> = Pick<Order, 'orderId' | Name>;

export function createSteps(urls: StepUrls) {
  const reservation = (orderId: string): string => `${urls.inventory}/api/reservations/order-${orderId}`;
  const payment = (orderId: string): string => `${urls.payment}/api/payments/order-${orderId}`;
  const shipment = (orderId: string): string => `${urls.shipping}/api/shipments/order-${orderId}`;
  return {
    async reserveInventory({ orderId, items }: Of<'items'>): Promise<Money> {
      const { total } = (await send('PUT', reservation(orderId), { orderId, items })) as { total: Money };
      return total;
    },
    async processPayment(order: Of<'customerId' | 'paymentMethod'>, amount: Money): Promise<string> {
      const { orderId, customerId, paymentMethod } = order;
      const body = { orderId, customerId, paymentMethod, amount };
      const { id } = (await send('PUT', payment(orderId), body)) as { id: string };
      return id;
    },
    async createShipment({
      orderId,
      items,
      shippingAddress: address,
    }: Of<'items' | 'shippingAddress'>): Promise<string> {
      const body = { orderId, items, address };
      const { trackingNumber } = (await send('PUT', shipment(orderId), body)) as { trackingNumber: string };
      return trackingNumber;
    },
    async sendConfirmation({ orderId, customerId }: Of<'customerId'>): Promise<void> {
      const url = `${urls.notification}/api/notifications/order-${orderId}-confirmation`;
      await send('PUT', url, { orderId, customerId, kind: 'confirmation' });
    },
    async releaseReservation(orderId: string): Promise<void> {
      await send('DELETE', reservation(orderId));
    },
    async refundPayment(orderId: string): Promise<void> {
      await send('DELETE', payment(orderId));
    },
    async cancelShipment(orderId: string): Promise<void> {
      await send('DELETE', shipment(orderId));
    },
  };
}

export type Steps = ReturnType<typeof createSteps>;
