/** The relay's metrics, for Prometheus. */
import type { RequestListener } from 'node:http';
import type { Pool } from 'pg';
import type { Relay } from './relay.js';
import { commandMetrics } from '../commands/metrics.js';
import type { Commands } from '../commands/open.js';
import { sinkMetrics } from './sink-metrics.js';

export interface Measured {
  readonly pool: Pick<Pool, 'query'>;
  readonly schema: string;
  readonly relays: readonly Relay[];
  readonly commands: Commands | undefined;
  /** Commands by their outcomes. */
  readonly outcomes: ReadonlyMap<string, number>;
}

export function metricsApp(measured: Measured): RequestListener {
  return (req, res) => {
    if (req.url !== '/metrics') {
      res.writeHead(404).end();
      return;
    }
    measure(measured).then(
      (text) => res.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      () => res.writeHead(500).end(),
    );
  };
}

const measure = async (measured: Measured): Promise<string> =>
  [...(await sinkMetrics(measured)), ...(await commandMetrics(measured)), ''].join('\n');
