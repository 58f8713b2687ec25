/** The order's activities as a shop that always delivers, unless a test says otherwise. */
import { ApplicationFailure } from '@temporalio/common';
import type { Money } from '../../src/order.js';

interface OrderRef {
  readonly orderId: string;
}

export interface Shop {
  readonly activities: Record<string, (ref: OrderRef) => Promise<unknown>>;
  /** The order's charge is refused. */
  decline(orderId: string): void;
  /** What the order comes to, instead of 42.00 EUR. */
  price(orderId: string, total: Money): void;
  /** The order's stock is not taken back, until that is allowed again. */
  refuseRelease(orderId: string): void;
  allowRelease(orderId: string): void;
  /** The order's charge waits until it is released. */
  hold(orderId: string): { readonly reached: Promise<void>; release(): void };
}

export function theShop(): Shop {
  const charges = new Map<string, () => Promise<void>>();
  const prices = new Map<string, Money>();
  const kept = new Set<string>();
  const done = { attempts: 1 };
  const undone = async () => ({ ...done, outcome: 'compensated' });
  return {
    activities: {
      reserveInventory: async ({ orderId }) => ({
        ...done,
        total: prices.get(orderId) ?? { amount: 4200, currency: 'EUR' },
      }),
      async processPayment({ orderId }) {
        await charges.get(orderId)?.();
        return { ...done, paymentId: 'payment' };
      },
      createShipment: async () => ({ ...done, trackingNumber: 'T-1' }),
      sendConfirmation: async () => done,
      sendCancellationNotice: async () => done,
      async releaseReservation({ orderId }) {
        if (kept.has(orderId)) throw ApplicationFailure.nonRetryable('kept', 'ReleaseRefused');
        return await undone();
      },
      refundPayment: undone,
      cancelShipment: undone,
    },
    decline(orderId) {
      charges.set(orderId, () => Promise.reject(ApplicationFailure.nonRetryable('declined', 'PaymentDeclined')));
    },
    price: (orderId, total) => void prices.set(orderId, total),
    refuseRelease: (orderId) => void kept.add(orderId),
    allowRelease: (orderId) => void kept.delete(orderId),
    hold(orderId) {
      let release = (): void => {};
      const released = new Promise<void>((resolve) => (release = resolve));
      const reached = new Promise<void>((resolve) => {
        charges.set(orderId, () => {
          resolve();
          return released;
        });
      });
      return { reached, release };
    },
  };
}
