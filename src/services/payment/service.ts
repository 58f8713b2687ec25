import { openService } from '../participant/open-service.js';
import type { Service, ServiceOptions } from '../participant/service.js';
import { payments } from './rules.js';

/** The payment service: captures and refunds. */
export async function openPayment(options: ServiceOptions): Promise<Service> {
  return openService(payments, options);
}
