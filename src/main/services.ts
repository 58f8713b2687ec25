/** The services: `services payment` runs one, without arguments all four in this process. */
import { openInventory } from '../services/inventory/service.js';
import { openNotification } from '../services/notification/service.js';
import { openPayment } from '../services/payment/service.js';
import { openShipping } from '../services/shipping/service.js';
import { findDatabase } from '../config/find-database.js';
import { listen } from '../platform/listen.js';
import { runProcess, type Setting, type Started } from '../config/run-process.js';
import { StartError } from '../platform/start-error.js';
import { SERVICE_NAMES, type ServiceName } from '../config/service-limits.js';

const OPEN = {
  payment: openPayment,
  inventory: openInventory,
  shipping: openShipping,
  notification: openNotification,
} as const;

const isServiceName = (name: string): name is ServiceName => SERVICE_NAMES.some((known) => known === name);

function namesFrom(args: readonly string[]): readonly ServiceName[] {
  const unknown = args.find((name) => !isServiceName(name));
  if (unknown !== undefined) throw new StartError(`"${unknown}" is no service: there are ${SERVICE_NAMES.join(', ')}.`);
  return args.length === 0 ? SERVICE_NAMES : args.filter(isServiceName);
}

async function startService(name: ServiceName, databaseUrl: string, { config, logger }: Setting): Promise<Started> {
  const { faultInjection, demoData } = config;
  const service = await OPEN[name]({
    databaseUrl,
    faultInjection,
    demoData,
    token: config.services[name].token,
    logger: logger.child({ service: name }),
    hosts: config.hosts,
    migrationWaitMs: config.migrationWaitMs,
  });
  try {
    const server = await listen(
      service.app,
      `${name.toUpperCase()}_PORT`,
      config.servicePorts[name],
      config.listenHost,
    );
    return {
      where: server.url,
      stop: async () => {
        // Both at once, because a service cuts short the delays that would keep its connections open.
        await Promise.all([server.close(), service.close()]);
      },
    };
  } catch (error) {
    await service.close();
    throw error;
  }
}

const args = process.argv.slice(2);

await runProcess(args.length === 1 ? String(args[0]) : 'services', 'services', async (setting) => {
  const names = namesFrom(args);
  const databaseUrl = await findDatabase(setting.config);
  const started = await Promise.all(names.map((name) => startService(name, databaseUrl, setting)));
  return {
    where: started
      .map(({ where }, index) => (names.length === 1 ? where : `${names[index] ?? ''} ${where}`))
      .join(', '),
    stop: async () => {
      await Promise.all(started.map(({ stop }) => stop()));
    },
  };
});
