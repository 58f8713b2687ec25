/** Publishes refusals, on `saga-commands-dlq` and on `saga-events`, at least once each and under the same id. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka, Message, Producer } from 'kafkajs';
import {
  ensureTopics,
  EVENTS_TOPIC,
  kafkaClient,
  protocolErrorOf,
  REFUSED_COMMANDS_TOPIC,
  rejectionOf,
  type KafkaSettings,
} from '../platform/kafka/client.js';
import { keepSession, type KeptSession } from '../platform/keep-session.js';
import { reasonOf } from '../platform/reason.js';
import { dlqForms, eventForms } from './refusal-records.js';
import type { Refusals, Unpublished } from './refusals.js';

export interface PublishOptions {
  readonly kafka: KafkaSettings;
  readonly refusals: Refusals;
  /** Called with each refusal that could not be published, with the topic and the broker's reason. */
  readonly onTrouble: (id: string | undefined, reason: string) => void;
}

const AT_ONCE = 20;
const POLL_MS = 250;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** After so many attempts that ended their process, a refusal is published in its shortest form. */
const TRIED_WHOLE = 3;

/** Until it is stopped. */
export const publishRefusals = (options: PublishOptions): KeptSession<'publishing'> =>
  keepSession<'publishing'>(
    {
      pause: { first: FIRST_PAUSE_MS, longest: LONGEST_PAUSE_MS },
      working: 'publishing',
      onFailure: (error) => options.onTrouble(undefined, brokersReason(error)),
    },
    ({ stopping, change }) => session(options, stopping, () => change('publishing')),
  );

/** Runs until an error is not about a record: the next session begins with a new client. Each record has its pause. */
async function session(
  { kafka: settings, refusals, onTrouble }: PublishOptions,
  stopping: AbortSignal,
  onPublishing: () => void,
): Promise<void> {
  const kafka = kafkaClient(settings);
  let producer: Producer | undefined;
  try {
    while (!stopping.aborted) {
      const due = await refusals.claim(AT_ONCE);
      if (due.length === 0) {
        await sleep(POLL_MS, undefined, { signal: stopping }).catch(() => undefined);
        continue;
      }
      const sending = (producer ??= await connectProducer(kafka));
      const troubles = await Promise.all(due.map((refusal) => publishOne(sending, refusals, refusal, onTrouble)));
      if (troubles.includes('broker')) return;
      onPublishing();
    }
  } finally {
    await producer?.disconnect().catch(() => undefined);
  }
}

/** Topics that cannot be created may exist, because we may lack the right to see them. */
async function connectProducer(kafka: Kafka): Promise<Producer> {
  await ensureTopics(kafka, [REFUSED_COMMANDS_TOPIC, EVENTS_TOPIC]).catch(() => undefined);
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  return producer;
}

async function publishOne(
  producer: Producer,
  refusals: Refusals,
  refusal: Unpublished,
  onTrouble: PublishOptions['onTrouble'],
): Promise<'record' | 'broker' | undefined> {
  const isDeadly = refusal.publish_attempts > TRIED_WHOLE && refusal.publish_error === null;
  const [onDlq, onEvents] = await Promise.all([
    refusal.on_dlq ? undefined : send(producer, REFUSED_COMMANDS_TOPIC, dlqForms(refusal), isDeadly),
    refusal.on_events ? undefined : send(producer, EVENTS_TOPIC, eventForms(refusal), isDeadly),
  ]);
  const failures = [onDlq, onEvents].filter((failure) => failure !== undefined);
  if (failures.length === 0) {
    await refusals.published(refusal);
    return undefined;
  }
  const error = failures.map(({ reason }) => reason).join('; ');
  const pauseMs = Math.min(1_000 * 2 ** Math.min(refusal.publish_attempts - 1, 10), LONGEST_PAUSE_MS);
  const reached = { ...refusal, on_dlq: onDlq === undefined, on_events: onEvents === undefined };
  await refusals.failed(reached, { error, pauseMs });
  onTrouble(refusal.id, error);
  return failures.some(({ whose }) => whose === 'broker') ? 'broker' : 'record';
}

interface Failure {
  readonly whose: 'record' | 'broker';
  readonly reason: string;
}

/** Sends the first form that the broker takes; undefined if it has taken one. */
async function send(
  producer: Producer,
  topic: string,
  forms: readonly Message[],
  isDeadly: boolean,
): Promise<Failure | undefined> {
  let failure: Failure | undefined;
  for (const form of isDeadly ? forms.slice(-1) : forms) {
    try {
      await producer.send({ topic, acks: -1, messages: [form] });
      return undefined;
    } catch (error) {
      const isKafkas = error instanceof Error && error.name.startsWith('KafkaJS');
      failure = {
        whose: isKafkas && rejectionOf(error) === undefined ? 'broker' : 'record',
        reason: `${topic}: ${brokersReason(error)}`,
      };
      if (failure.whose === 'broker') return failure;
    }
  }
  return failure;
}

/** The broker's own name of the error, or the client's message. */
const brokersReason = (error: unknown): string =>
  protocolErrorOf(error) ??
  (error instanceof Error ? `${error.name}: ${reasonOf(error)}` : reasonOf(error)).slice(0, 300);
