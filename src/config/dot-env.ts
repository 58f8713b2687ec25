/** The file .env, and the secrets among the environment's variables. */
import { existsSync } from 'node:fs';
import { bearingOf } from './variables.js';
import { keepSecretsOfUrl, mask } from '../platform/secrets.js';

/**
 * Reads `.env` (the environment wins), except in tests, which must not depend on it. From then on its secrets are
 * hidden everywhere.
 */
export function readDotEnv(): void {
  if (process.env['NODE_ENV'] !== 'test' && existsSync('.env')) process.loadEnvFile('.env');
  keepSecretsOf(process.env);
}

/** Temporal's SDK reads these, and Unwind does not. */
const OTHERS = /(PASSWORD|SECRET|TOKEN|API_KEY|KEY_DATA|CREDENTIALS)$/;

const isSecret = (name: string): boolean =>
  (bearingOf(name) ?? (OTHERS.test(name) ? 'secret' : 'nothing')) === 'secret';

/** Remembers the environment's values that may not be shown. */
export function keepSecretsOf(env: NodeJS.ProcessEnv): void {
  for (const [name, value = ''] of Object.entries(env)) {
    if (isSecret(name)) mask(value);
    // Each entry is name:role:secret, with commas between them.
    if (name === 'KAFKA_COMMAND_KEYS') for (const entry of value.split(',')) mask(entry.trim().split(':')[2] ?? '');
    // For each variable, because a misspelt name or a proxy's variable may have a password in it as well.
    keepSecretsOfUrl(value);
  }
}
