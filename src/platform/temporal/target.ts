/**
 * The Temporal server to use: the one that Temporal's own variables or `temporal.toml` name, or else our dev server.
 */
import { accessSync, constants } from 'node:fs';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { StartError } from '../start-error.js';
import { codeOf, reasonOf } from '../reason.js';

export interface TemporalTarget {
  /** False if no setting names a server, so that the address is that of our own dev server. */
  readonly configured: boolean;
  readonly address: string;
  readonly namespace: string;
  readonly connection: Pick<NativeConnectionOptions, 'tls' | 'apiKey' | 'metadata'>;
}

function isAddress(text: string): boolean {
  const [, port] = /^(?:[^\s/:]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(text) ?? [];
  return Number(port) >= 1 && Number(port) <= 65_535;
}

/** Refuses values that Temporal's library would silently read in another way. */
function requireToggles(env: NodeJS.ProcessEnv): void {
  for (const name of ['TEMPORAL_TLS', 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION']) {
    const value = env[name] ?? '';
    if (/^(true|false|1|0|)$/i.test(value)) continue;
    throw new StartError(`${name} must be true or false.`);
  }
}

/** Refuses a missing file, because Temporal's library would go on without it. */
function requireFile(env: NodeJS.ProcessEnv): void {
  const file = env['TEMPORAL_CONFIG_FILE'] ?? '';
  if (file === '') return;
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw new StartError(
      `TEMPORAL_CONFIG_FILE names a file that cannot be read (${codeOf(error) ?? 'unknown'}): correct its path, or leave it out.`,
    );
  }
}

/** Reads TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_PROFILE, TEMPORAL_TLS_… and temporal.toml. */
export function temporalTarget(devServerPort: number, env: NodeJS.ProcessEnv = process.env): TemporalTarget {
  requireToggles(env);
  requireFile(env);
  const given = Object.entries(env).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  let config: ReturnType<typeof loadClientConnectConfig>;
  try {
    config = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(given) });
  } catch (error) {
    // The library's message for a missing file shows its path, which may be a key that was pasted into the wrong
    // variable.
    const text = codeOf(error) ?? (error instanceof TypeError ? 'it holds no profile' : reasonOf(error));
    throw new StartError(
      `Temporal's configuration cannot be read (${text}): correct temporal.toml or the TEMPORAL_… variables.`,
    );
  }
  const { address, tls, apiKey, metadata } = config.connectionOptions;
  if (address !== undefined && !isAddress(address)) {
    throw new StartError('TEMPORAL_ADDRESS must be host:port, such as 127.0.0.1:7233.');
  }
  // gRPC's refusal of such a key would print it in full.
  if (apiKey !== undefined && /[^\x21-\x7e]/.test(apiKey)) {
    throw new StartError('TEMPORAL_API_KEY has a space or a line break in it: set it to the key alone.');
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
