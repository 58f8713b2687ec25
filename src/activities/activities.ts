/** The activities that the worker registers: the verbs of the four services, each addressed by ids alone. */
import { inventoryActivities } from './inventory.js';
import { notificationActivities } from './notification.js';
import { paymentActivities } from './payment.js';
import { shippingActivities } from './shipping.js';
import type { Participants } from './participants.js';

/** All activities, over these participants. */
export const createActivities = (participants: Participants) => ({
  ...inventoryActivities(participants),
  ...paymentActivities(participants),
  ...shippingActivities(participants),
  ...notificationActivities(participants),
  /** Does nothing by itself: the entries in its header are stored before it succeeds. */
  storeJournal: async (): Promise<void> => undefined,
});

export type Activities = ReturnType<typeof createActivities>;
