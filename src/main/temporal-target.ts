/** Which Temporal server is meant: the one that Temporal's own variables or `temporal.toml` name, or our dev server. */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { StartError } from './start-error.js';
import { reasonOf } from './reason.js';

export interface TemporalTarget {
  /** False: nothing names a server, so the address is that of our own dev server. */
  readonly configured: boolean;
  readonly address: string;
  readonly namespace: string;
  readonly connection: Pick<NativeConnectionOptions, 'tls' | 'apiKey' | 'metadata'>;
}

/** Reads TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_PROFILE, TEMPORAL_TLS_… and temporal.toml. */
export function temporalTarget(devServerPort: number, env: NodeJS.ProcessEnv = process.env): TemporalTarget {
  const given = Object.entries(env).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  let config: ReturnType<typeof loadClientConnectConfig>;
  try {
    config = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(given) });
  } catch (error) {
    const text = reasonOf(error);
    throw new StartError(
      `Temporal's configuration cannot be read (${text}): correct temporal.toml or the TEMPORAL_… variables.`,
    );
  }
  const { address, tls, apiKey, metadata } = config.connectionOptions;
  if (address !== undefined && !/^[^\s/:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(address)) {
    throw new StartError(`TEMPORAL_ADDRESS is "${address}", but must be host:port, such as 127.0.0.1:7233.`);
  }
  return {
    configured: address !== undefined,
    address: address ?? `127.0.0.1:${devServerPort}`,
    namespace: config.namespace ?? 'default',
    connection: {
      ...(tls === undefined ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata }),
    },
  };
}
