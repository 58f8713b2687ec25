/** Fixes every port before anything starts: 0 becomes a free port, and a port in use is an error at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config/config.js';
import { freePort, requireFreePort } from '../../platform/ports.js';
import { StartError } from '../../platform/start-error.js';
import { hasSinks } from '../../config/refusals.js';

/** The part of the system to start: all of it, or one server alone; and the servers that are our own. */
export interface Extent {
  readonly part: 'all' | 'postgres' | 'temporal';
  readonly postgres: boolean;
  readonly temporal: boolean;
}

/** The variables of the ports that will be used, with their values. */
export function portsToUse(config: Config, extent: Extent): Map<string, number> {
  const ports = new Map<string, number>();
  if (extent.postgres) ports.set('PG_PORT', config.postgresPort);
  if (extent.temporal) ports.set('TEMPORAL_PORT', config.temporalPort).set('TEMPORAL_UI_PORT', config.temporalUiPort);
  if (extent.part !== 'all') return ports;
  if (config.startServices) {
    for (const [name, port] of Object.entries(config.servicePorts)) ports.set(`${name.toUpperCase()}_PORT`, port);
  }
  if (hasSinks(config)) ports.set('RELAY_METRICS_PORT', config.relayMetricsPort);
  return ports
    .set('METRICS_PORT', config.metricsPort)
    .set('WORKER_HEALTH_PORT', config.workerHealthPort)
    .set('BACKGROUND_METRICS_PORT', config.backgroundMetricsPort)
    .set('API_PORT', config.apiPort);
}

/**
 * The same ports as environment variables, all of them fixed and free. `patience` is in milliseconds: the children of
 * a killed supervisor need a moment to notice it and to free their ports.
 */
export async function choosePorts(
  wanted: ReadonlyMap<string, number>,
  host: string,
  patience: number,
): Promise<Record<string, string>> {
  const end = performance.now() + patience;
  const chosen: Record<string, string> = {};
  const taken = new Set(wanted.values());
  for (const [variable, port] of wanted) {
    // The servers listen on the loopback address only.
    const address = /^(PG|TEMPORAL)_/.test(variable) ? '127.0.0.1' : host;
    if (port !== 0) await whenFree(variable, port, address, end);
    const fixed = port === 0 ? await freePortBeside(taken, address) : port;
    taken.add(fixed);
    chosen[variable] = String(fixed);
  }
  return chosen;
}

async function whenFree(variable: string, port: number, host: string, end: number): Promise<void> {
  for (;;) {
    try {
      await requireFreePort(variable, port, host);
      return;
    } catch (error) {
      if (!(error instanceof StartError) || performance.now() >= end) throw error;
      await sleep(200);
    }
  }
}

async function freePortBeside(taken: ReadonlySet<number>, host: string): Promise<number> {
  const port = await freePort(host);
  return taken.has(port) ? await freePortBeside(taken, host) : port;
}
