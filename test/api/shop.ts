/** The order's activities as a shop that always delivers, unless a test says otherwise. */
import { ApplicationFailure } from '@temporalio/common';

interface OrderRef {
  readonly orderId: string;
}

export interface Shop {
  readonly activities: Record<string, (ref: OrderRef) => Promise<unknown>>;
  /** The order's charge is refused. */
  decline(orderId: string): void;
  /** The order's charge waits until it is released. */
  hold(orderId: string): { readonly reached: Promise<void>; release(): void };
}

export function theShop(): Shop {
  const charges = new Map<string, () => Promise<void>>();
  const done = { attempts: 1 };
  const undone = async () => ({ ...done, outcome: 'compensated' });
  return {
    activities: {
      reserveInventory: async () => ({ ...done, total: { amount: 4200, currency: 'EUR' } }),
      async processPayment({ orderId }) {
        await charges.get(orderId)?.();
        return { ...done, paymentId: 'payment' };
      },
      createShipment: async () => ({ ...done, trackingNumber: 'T-1' }),
      sendConfirmation: async () => done,
      sendCancellationNotice: async () => done,
      releaseReservation: undone,
      refundPayment: undone,
      cancelShipment: undone,
    },
    decline(orderId) {
      charges.set(orderId, () => Promise.reject(ApplicationFailure.nonRetryable('declined', 'PaymentDeclined')));
    },
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
