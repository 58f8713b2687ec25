/** A real Kafka 4.1.0 broker in KRaft mode, and its own command-line tools. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { Kafka, logLevel, type KafkaConfig } from 'kafkajs';
import { freePort } from '../../../src/platform/ports.js';
import { environmentOf } from '../environment.js';
import { storeServer, type StoreServer } from './server.js';

const JAVA = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx512m'];

const classPath = (): string => path.join(environmentOf('TEST_KAFKA'), '*');

export interface Secured {
  /** More arguments for formatting its disk, such as `--add-scram`. */
  readonly format?: readonly string[];
  /** How a client connects. */
  readonly client?: Pick<KafkaConfig, 'ssl' | 'sasl'>;
}

/** `settings` are added to server.properties. `$PORT` in them is the broker's port. */
export async function kafkaServer(
  settings: Readonly<Record<string, string>> = {},
  { format: more = [], client = {} }: Secured = {},
): Promise<StoreServer> {
  const controller = await freePort();
  return storeServer({
    name: 'kafka',
    url: (port) => `127.0.0.1:${port}`,
    command: (port, folder) => {
      const file = path.join(folder, 'server.properties');
      if (!existsSync(file)) {
        const properties = propertiesOf({ ...standard(port, controller, folder), ...settings });
        writeFileSync(file, properties.replaceAll('$PORT', String(port)).replaceAll('$CONTROLLER', String(controller)));
        const id = 'AAAAAAAAAAAAAAAAAAAAAQ';
        const format = ['kafka.tools.StorageTool', 'format', '-t', id, '-c', file, '--ignore-formatted', ...more];
        execFileSync('java', [...JAVA, '-cp', classPath(), ...format], { stdio: 'pipe' });
      }
      return { file: 'java', args: [...JAVA, '-cp', classPath(), 'kafka.Kafka', file] };
    },
    isReady: (port) => isReady(port, client),
  });
}

const standard = (port: number, controller: number, folder: string): Record<string, string> => ({
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.quorum.voters': `1@127.0.0.1:${controller}`,
  listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
  'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'log.dirs': path.join(folder, 'logs'),
  'num.partitions': '3',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '1',
  'group.initial.rebalance.delay.ms': '0',
});

const propertiesOf = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

/** A broker that listens may still be loading its coordinators. */
async function isReady(port: number, client: NonNullable<Secured['client']>): Promise<boolean> {
  const kafka = new Kafka({
    ...client,
    brokers: [`127.0.0.1:${port}`],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.listTopics();
    await admin.fetchOffsets({ groupId: 'is-it-ready', topics: [] });
    return true;
  } catch {
    return false;
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** What the scripts of Kafka's own distribution run. */
const TOOLS: Readonly<Record<string, string>> = {
  'kafka-topics': 'org.apache.kafka.tools.TopicCommand',
  'kafka-console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'kafka-console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
};

/** Runs a tool with the arguments that its script takes, `input` on its standard input; answers what it printed. */
export async function kafkaTool(tool: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn('java', [...JAVA, '-cp', classPath(), TOOLS[tool] ?? tool, ...args], { stdio: 'pipe' });
  child.stdin.end(input);
  const [printed] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return printed;
}
