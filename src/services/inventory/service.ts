import { openService } from '../participant/open-service.js';
import type { Service, ServiceOptions } from '../participant/service.js';
import { documentedCatalogue, loadDemoCatalogue, mountCatalogue } from './catalogue.js';
import { reservations } from './rules.js';

/** The inventory service: the catalogue, the stock and the reservations that hold it. */
export async function openInventory(options: ServiceOptions): Promise<Service> {
  return openService(reservations, options, {
    mount: mountCatalogue,
    documented: documentedCatalogue,
    load: async (database) => {
      if (options.demoData) await loadDemoCatalogue(database);
    },
  });
}
