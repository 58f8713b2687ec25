/** The whole system: its components, the order in which they start, and the order in which they end. */
import { setTimeout as pause } from 'node:timers/promises';
import path from 'node:path';
import type { Extent } from './choose-ports.js';
import type { Component } from './component.js';
import type { Config } from '../../config/config.js';
import { requireDatabase } from '../../config/find-database.js';
import { nodeComponent } from './node-component.js';
import { findPostgresBinaries } from '../postgres/binaries.js';
import { requireSameMajor } from '../postgres/data.js';
import { postgresComponent, temporalComponent } from './server-components.js';
import { StartError, startSentence } from '../../platform/start-error.js';
import { type Supervised, supervise } from './supervise.js';
import type { TemporalTarget } from '../../platform/temporal/target.js';
import type { Terminal } from './terminal.js';
import { loadNamespaces } from '../temporal/server.js';
import { SERVICE_NAMES } from '../../config/service-limits.js';
import { hasSinks } from '../../config/refusals.js';

const READY_WITHIN = 60_000;
const LOOK_EVERY = 50;

export interface Plan {
  /** All ports are fixed. */
  readonly config: Config;
  readonly target: TemporalTarget;
  readonly extent: Extent;
  readonly logFolder: string;
  readonly terminal: Terminal;
  /** Fires when the system is to stop while it still starts. */
  readonly signal: AbortSignal;
}

export interface System {
  /** In the order of their start. */
  readonly up: Supervised[];
  databaseUrl: string | undefined;
}

async function bringUp(plan: Plan, system: System, component: Component): Promise<void> {
  const { terminal } = plan;
  const supervised = await supervise(
    component,
    {
      onUp: (running, restarted) => {
        terminal.up(component.name, running, restarted);
      },
      onDown: (sentence) => {
        terminal.tell(component.name, sentence);
      },
    },
    plan.signal,
  );
  system.up.push(supervised);
}

/** Starts all of them at once. If one fails, its error is thrown after the others have settled. */
async function bringUpTogether(plan: Plan, system: System, components: readonly Component[]): Promise<void> {
  const results = await Promise.allSettled(
    components.map(async (component) => {
      try {
        await bringUp(plan, system, component);
      } catch (error) {
        throw new StartError(`${component.name}: ${startSentence(error)}`);
      }
    }),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  plan.signal.throwIfAborted();
}

async function useConfiguredTemporal({ target, terminal, signal }: Plan): Promise<void> {
  const { connectTemporal, registerSearchAttributes, searchAttributes } = await loadNamespaces();
  const connection = await connectTemporal(target, 10_000, () => signal.aborted);
  try {
    await registerSearchAttributes(connection, target.namespace, searchAttributes);
  } catch (error) {
    const reason = startSentence(error);
    terminal.tell(
      'temporal',
      `SagaState and SagaBlockedOn (Keyword) could not be registered, do it yourself: ${reason}`,
    );
  } finally {
    await connection.close();
  }
  terminal.say(`${'temporal'.padEnd(14)}configured  ${target.address}, namespace ${target.namespace}`);
}

function servers(plan: Plan, system: System): Component[] {
  const { config, target, extent, logFolder, terminal } = plan;
  const tell = (name: string) => (line: string) => {
    terminal.tell(name, line);
  };
  const postgres = postgresComponent(config, logFolder, tell('postgres'), (url) => {
    system.databaseUrl = url;
  });
  const temporal = temporalComponent(config, target, logFolder, tell('temporal'));
  return [...(extent.postgres ? [postgres] : []), ...(extent.temporal ? [temporal] : [])];
}

/** Starts the components in the order of their dependencies. `system` always shows those that are up. */
export async function startSystem(plan: Plan, system: System, ports: Record<string, string>): Promise<void> {
  const { config, target, extent, logFolder, terminal } = plan;
  const all = extent.part === 'all';
  if (extent.postgres) await requireSameMajor(await findPostgresBinaries(), path.join(config.dataDir, 'postgres'));
  if (all && config.databaseUrl !== undefined) {
    await requireDatabase(config.databaseUrl);
    system.databaseUrl = config.databaseUrl;
    terminal.say(`${'postgres'.padEnd(14)}configured  ${new URL(config.databaseUrl).host}`);
  }
  if (all && config.journalDatabaseUrl !== undefined) {
    await requireDatabase(config.journalDatabaseUrl, 'JOURNAL_DATABASE_URL');
  }
  if (all && target.configured) await useConfiguredTemporal(plan);
  await bringUpTogether(plan, system, servers(plan, system));
  if (!all) return;
  const env = {
    ...process.env,
    ...ports,
    DATA_DIR: config.dataDir,
    ...(system.databaseUrl === undefined ? {} : { DATABASE_URL: system.databaseUrl }),
    ...(target.configured ? {} : { TEMPORAL_ADDRESS: target.address }),
  };
  const child = (name: string, module: string, args: readonly string[] = []): Component =>
    nodeComponent({ name, module, args, env, logFolder, show: (line) => terminal.tell(name, line) });
  const services = config.startServices ? SERVICE_NAMES.map((name) => child(name, 'services', [name])) : [];
  await bringUpTogether(plan, system, services);
  const callers = ['worker', 'api', 'background', ...(hasSinks(config) ? ['relay'] : [])];
  await bringUpTogether(
    plan,
    system,
    callers.map((name) => child(name, name)),
  );
  await untilReady(system, plan.signal);
}

/** Waits until the API says that it accepts orders. The worker has reported by itself that it polls. */
async function untilReady({ up }: System, signal: AbortSignal): Promise<void> {
  const end = performance.now() + READY_WITHIN;
  for (;;) {
    const api = up.find(({ name }) => name === 'api')?.current()?.where;
    const answer = api && (await fetch(`${api}/health/ready?duty=places`, { signal }).catch(() => undefined));
    if (answer && answer.ok) return;
    signal.throwIfAborted();
    if (performance.now() >= end) {
      const said = answer ? await answer.text() : 'no answer';
      throw new StartError(`The API cannot take orders within ${READY_WITHIN / 1000} s (${said}).`);
    }
    await pause(LOOK_EVERY, undefined, { signal });
  }
}

const STOP_ORDER = [['api', 'relay', 'background'], ['worker'], SERVICE_NAMES, ['temporal'], ['postgres']] as const;

/** Stops callers before the components that they call, and the databases last. */
export async function stopSystem(system: System, terminal: Terminal): Promise<void> {
  for (const names of STOP_ORDER) {
    const group = system.up.filter(({ name }) => names.some((each) => each === name));
    await Promise.all(
      group.map(async (supervised) => {
        await supervised.stop();
        terminal.say(`${supervised.name.padEnd(14)}stopped`);
      }),
    );
  }
}
