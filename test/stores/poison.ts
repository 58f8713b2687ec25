/** Commands that cannot be acted on, in twelve ways, with what has to become of each. */
import type { Kafka, KafkaMessage, Message } from 'kafkajs';

export interface Poisons {
  /** Workflows whose task keeps failing, that are paused, that were terminated. */
  readonly stuck: readonly string[];
  readonly paused: readonly string[];
  readonly terminated: readonly string[];
}

/** `parked`: it waits, with a reason that matches; `refused`: it is on the DLQ with this code. */
export type Fate = { readonly parked: RegExp; readonly sagaId: string } | { readonly refused: string };

export interface Poison {
  readonly kind: string;
  readonly message: Message;
  readonly fate: Fate;
}

const cancel = (sagaId: string, more: object = {}): string =>
  JSON.stringify({ sagaId, command: 'CancelOrder', reason: 'other', ...more });

const bytes = (...parts: readonly (string | readonly number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

/** The command of each kind for a saga of its own; `run` and `index` make its ids unique. */
type Make = (id: string, index: number, poisons: Poisons) => readonly [Message, Fate];

const invalid: Fate = { refused: 'InvalidRequest' };
const notJson: Fate = { refused: 'InvalidJson' };
const withKey = (key: string, value: string | Buffer, headers: Message['headers'] = {}): Message => ({
  key,
  value,
  headers,
});

const pick = (all: readonly string[], index: number): string => all[index % all.length] ?? '';

const KINDS: Readonly<Record<string, Make>> = {
  stuck: (_, index, { stuck }) => {
    const sagaId = pick(stuck, index);
    return [withKey(sagaId, cancel(sagaId)), { parked: /^NotDecided/, sagaId }];
  },
  paused: (_, index, { paused }) => {
    const sagaId = pick(paused, index);
    return [withKey(sagaId, cancel(sagaId)), { parked: /paused/i, sagaId }];
  },
  terminated: (_, index, { terminated }) => {
    const sagaId = pick(terminated, index);
    return [withKey(sagaId, cancel(sagaId)), { refused: 'AlreadyEnded' }];
  },
  'without a key, for a compacted DLQ': (id) => [{ key: null, value: cancel(id, { reason: 'in words' }) }, invalid],
  'larger than the DLQ takes': (id) => [withKey(id, cancel(id, { x: 'x'.repeat(30_000) })), invalid],
  'in invalid UTF-8': (id) => [
    withKey(id, bytes(`{"sagaId":"${id}","command":"CancelOrder","reason":"other","comment":"`, [0xc3, 0x28], '"}')),
    notJson,
  ],
  'with a byte order mark': (id) => [withKey(id, bytes([0xef, 0xbb, 0xbf], cancel(id))), notJson],
  'with a member twice': (id) => [withKey(id, `{"sagaId":"x","sagaId":"${id}","command":"CancelOrder"}`), notJson],
  unknown: (id) => [withKey(id, JSON.stringify({ sagaId: id, command: 'Explode' })), invalid],
  'under the id of another one': (id) => [
    withKey(id, cancel(id, { commandId: 'taken' })),
    { refused: 'RequestIdReused' },
  ],
  'with enormous headers': (id) => [withKey(id, cancel(id, { x: 1 }), { large: 'x'.repeat(200_000) }), invalid],
  'with thousands of headers': (id) => [
    withKey(id, '', Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`h${index}`, '']))),
    notJson,
  ],
};

export function poisonsOf(run: string, count: number, poisons: Poisons): Poison[] {
  const kinds = Object.entries(KINDS);
  return Array.from({ length: count }, (_, index) => {
    const [kind = '', make] = kinds[index % kinds.length] ?? [];
    const [message, fate] = make?.(`${run}-bad-${index}`, Math.floor(index / kinds.length), poisons) ?? [];
    if (!message || !fate) throw new Error('there is no such kind');
    return { kind, message, fate };
  });
}

/** Starts, and cancels of the sagas that are named. */
export const goodOnes = (run: string, count: number, cancelled: readonly string[]): Message[] =>
  Array.from({ length: count }, (_, index) => {
    const sagaId = cancelled[index] ?? `${run}-good-${index}`;
    const what =
      index < cancelled.length
        ? { command: 'CancelOrder', reason: 'ordered_by_mistake' }
        : { command: 'StartOrder', items: [{ productId: '123', quantity: 1 }] };
    return { key: sagaId, value: JSON.stringify({ sagaId, commandId: `${run}-good-${index}`, ...what }) };
  });

/** By the topic, partition and offset of the command. */
export async function deadLettersOf(client: Kafka): Promise<Map<string, KafkaMessage>> {
  const consumer = client.consumer({ groupId: `poison-${Math.random()}` });
  const found = new Map<string, KafkaMessage>();
  await consumer.connect();
  await consumer.subscribe({ topic: 'saga-commands-dlq', fromBeginning: true });
  const admin = client.admin();
  await admin.connect();
  const [offsets] = await admin.fetchTopicOffsets('saga-commands-dlq');
  await admin.disconnect();
  await new Promise<void>((resolve) => {
    if (offsets?.high === '0') resolve();
    void consumer.run({
      eachMessage: async ({ message }) => {
        found.set(String(message.headers?.['x-refused-place']).split('@')[0] ?? '', message);
        if (Number(message.offset) + 1 >= Number(offsets?.high)) resolve();
      },
    });
  });
  await consumer.disconnect();
  return found;
}
