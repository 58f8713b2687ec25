import { openService } from '../participant/open-service.js';
import type { Service, ServiceOptions } from '../participant/service.js';
import { notifications } from './rules.js';

/** The notification service: confirmations and cancellation notices. */
export async function openNotification(options: ServiceOptions): Promise<Service> {
  return openService(notifications, options);
}
