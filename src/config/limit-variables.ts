/** The limits of the workers' calls to each service, the task queues of the services, and the queues of each worker. */
import { z } from 'zod';

export const count = (standard: number, most: number) =>
  z
    .string()
    .default(String(standard))
    .transform((text, context) => {
      if (/^\d{1,9}$/.test(text) && Number(text) >= 1 && Number(text) <= most) return Number(text);
      context.addIssue(`a whole number from 1 to ${most}, such as ${standard}`);
      return z.NEVER;
    });

/** The calls per second for a service; if absent, there is no limit. */
const rate = () =>
  z
    .string()
    .transform((text, context) => {
      if (/^\d{1,6}(\.\d{1,3})?$/.test(text) && Number(text) > 0) return Number(text);
      context.addIssue('calls per second, more than none, such as 50 or 0.5');
      return z.NEVER;
    })
    .optional();

const queue = () => z.enum(['own', 'shared'], 'own or shared').default('shared');

/** `orders` is the queue of the workflows, which serves every service that has no queue of its own. */
export const WORKER_QUEUES = ['orders', 'payment', 'inventory', 'shipping', 'notification'] as const;
export type WorkerQueue = (typeof WORKER_QUEUES)[number];

/** Undefined for all that there are. */
const workerQueues = () =>
  z
    .string()
    .transform((text, context): readonly WorkerQueue[] => {
      const entries = text.split(',').map((entry) => entry.trim());
      const known = WORKER_QUEUES.filter((name) => entries.includes(name));
      if (entries.length === known.length) return known;
      context.addIssue(`one or more of ${WORKER_QUEUES.join(', ')}, each once, with commas between, such as payment`);
      return z.NEVER;
    })
    .optional();

export const limitVariables = {
  PAYMENT_CONCURRENCY: count(100, 10_000),
  INVENTORY_CONCURRENCY: count(100, 10_000),
  SHIPPING_CONCURRENCY: count(100, 10_000),
  NOTIFICATION_CONCURRENCY: count(100, 10_000),
  PAYMENT_RATE: rate(),
  INVENTORY_RATE: rate(),
  SHIPPING_RATE: rate(),
  NOTIFICATION_RATE: rate(),
  PAYMENT_QUEUE: queue(),
  INVENTORY_QUEUE: queue(),
  SHIPPING_QUEUE: queue(),
  NOTIFICATION_QUEUE: queue(),
  WORKER_QUEUES: workerQueues(),
};
