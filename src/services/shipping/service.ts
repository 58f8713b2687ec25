import { openService } from '../participant/open-service.js';
import type { Service, ServiceOptions } from '../participant/service.js';
import { shipments } from './rules.js';

/** The shipping service: books and cancels parcels. */
export async function openShipping(options: ServiceOptions): Promise<Service> {
  return openService(shipments, options);
}
