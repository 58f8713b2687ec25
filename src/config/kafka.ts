/** The access to Kafka, and the senders of commands, from the environment. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { KafkaSettings } from '../platform/kafka/client.js';

import { codeOf } from '../platform/reason.js';
import { StartError } from '../platform/start-error.js';
import type { CommandKey } from '../caller.js';
import type { Settings } from './variables.js';

export interface KafkaConfig extends KafkaSettings {
  /** Undefined: commands are not read. */
  readonly commands: CommandSettings | undefined;
}

export interface CommandSettings {
  /** Undefined: commands are not signed, and every client that may write to the topic may do everything. */
  readonly keys: readonly CommandKey[] | undefined;
  /** How long an undecided command is tried before it rests, in milliseconds. */
  readonly budgetMs: number;
  /** The broker need not authenticate its clients, because the operator has waived it. */
  readonly isWaived: boolean;
}

const SASL = ['KAFKA_SASL_MECHANISM', 'KAFKA_USERNAME', 'KAFKA_PASSWORD'] as const;
const FILES = ['KAFKA_SSL_CA_FILE', 'KAFKA_SSL_CERT_FILE', 'KAFKA_SSL_KEY_FILE'] as const;

/** Undefined if Kafka is off. Throws a `StartError` for settings that do not fit together, or a file that cannot be read. */
export function kafkaOf(settings: Settings): KafkaConfig | undefined {
  const { KAFKA_BROKERS: brokers, KAFKA_COMMANDS: commands, KAFKA_COMMAND_BUDGET: budgetMs } = settings;
  if (!brokers) return undefined;
  const keys = settings.KAFKA_COMMAND_KEYS;
  return {
    brokers,
    ssl: sslOf(settings),
    sasl: saslOf(settings),
    commands: commands === 'off' ? undefined : { keys, budgetMs, isWaived: commands === 'unauthenticated' },
  };
}

function sslOf(settings: Settings): KafkaSettings['ssl'] {
  const named = FILES.filter((name) => settings[name] !== undefined);
  if (settings.KAFKA_SSL !== true) {
    if (named.length === 0) return undefined;
    throw new StartError(`${named.join(' and ')} is set, and KAFKA_SSL is not on: set it to on.`);
  }
  const [ca, cert, key] = FILES.map((name) => contentOf(name, settings[name]));
  if ((cert === undefined) !== (key === undefined)) {
    throw new StartError('KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE belong together: set both, or none of them.');
  }
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  try {
    createSecureContext(files);
  } catch {
    throw new StartError(`${named.join(', ')} must be certificates and a key in PEM that belong together.`);
  }
  return files;
}

function contentOf(name: string, file: string | undefined): Buffer | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    throw new StartError(`${name} cannot be read (${codeOf(error) ?? 'unknown'}): set it to the path of a PEM file.`);
  }
}

function saslOf(settings: Settings): KafkaSettings['sasl'] {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_USERNAME: username, KAFKA_PASSWORD: password } = settings;
  if (mechanism === undefined && username === undefined && password === undefined) return undefined;
  if (mechanism === undefined || username === undefined || password === undefined) {
    throw new StartError(`${SASL.join(', ')} belong together: set all three, or none of them.`);
  }
  if (mechanism === 'PLAIN') {
    if (settings.KAFKA_SSL === true) return { mechanism: 'plain', username, password };
    throw new StartError(
      'KAFKA_SASL_MECHANISM=PLAIN would send the password unencrypted: set KAFKA_SSL to on as well.',
    );
  }
  return { mechanism: mechanism === 'SCRAM-SHA-256' ? 'scram-sha-256' : 'scram-sha-512', username, password };
}
