/** Everything between the journal and the shops' endpoints, for real: a journal, its relay, a sender, receivers. */
import { startRelay, type Relay } from '../../../src/relay/relay.js';
import { webhooksSink } from '../../../src/relay/sinks/webhooks.js';
import { startWebhookSender, type Sender, type SenderPace } from '../../../src/relay/webhook-sender.js';
import type { WebhookEndpoint, WebhookEvent } from '../../../src/journal/webhooks/endpoints.js';
import { openWebhooks, type Webhooks } from '../../../src/journal/webhooks/open-webhooks.js';
import type { WebhookDelivery } from '../../../src/journal/webhooks/deliveries.js';
import type { TargetLimits } from '../../../src/platform/webhooks/target.js';
import type { SagaEvent } from '../../../src/saga/journal/events.js';
import { PACE } from '../../stores/contract.js';
import { writtenJournal, type WrittenJournal } from '../../stores/written-journal.js';
import { databaseUrl } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { openReceiver, type Receiver } from './receiver.js';

export const ALLOWED: TargetLimits = { plainHttp: true, privateAddresses: true };
export const EVERY: readonly WebhookEvent[] = ['order.completed', 'order.failed', 'order.cancelled', 'order.blocked'];
export const WITHIN = 30_000;

export interface Sending {
  readonly journal: WrittenJournal;
  readonly webhooks: Webhooks;
  receiver(): Promise<Receiver>;
  register(url: string, events?: readonly WebhookEvent[]): Promise<{ endpoint: WebhookEndpoint; secret: string }>;
  send(options?: { rules?: TargetLimits; within?: number; pace?: Partial<SenderPace> }): Sender;
  /** Appends these events to an order's journal, at the present time; their numbers go on from `after`. */
  append(orderId: string, events: readonly SagaEvent[], after?: number): Promise<void>;
  /** Whether the relay has queued everything. */
  queued(): Promise<true>;
  deliveries(endpoint: WebhookEndpoint): Promise<WebhookDelivery[]>;
  close(): Promise<void>;
}

export async function openSending(): Promise<Sending> {
  const journal = await writtenJournal();
  const { schema } = journal;
  const relay: Relay = startRelay({
    databaseUrl: databaseUrl(),
    schema,
    sink: webhooksSink(databaseUrl(), schema),
    pace: PACE,
  });
  const webhooks = openWebhooks({ databaseUrl: databaseUrl(), schema });
  const senders: Sender[] = [];
  const receivers: Receiver[] = [];
  return {
    journal,
    webhooks,
    async receiver() {
      const receiver = await openReceiver();
      receivers.push(receiver);
      return receiver;
    },
    async register(url, events = EVERY) {
      const added = await webhooks.add({ url, events, description: 'a shop', createdBy: null });
      if (typeof added === 'string') throw new Error(`not registered: ${added}`);
      return added;
    },
    send({ rules = ALLOWED, within = 5_000, pace = {} } = {}) {
      const quick = { poll: 20, pauseAfter: () => 100, ...pace };
      const sender = startWebhookSender({ databaseUrl: databaseUrl(), schema, rules, within, pace: quick });
      senders.push(sender);
      return sender;
    },
    append: (orderId, events, after = 0) =>
      journal.append(
        `order-${orderId}`,
        events.map((event, index) => ({ seq: after + index + 1, at: new Date().toISOString(), event })),
      ),
    queued: () => eventually('the relay to queue everything', WITHIN, () => journal.isDelivered('webhooks')),
    deliveries: async ({ webhookId }) => (await webhooks.listDeliveries(webhookId, { limit: 200 })).items.toReversed(),
    async close() {
      // The receivers first, so that no attempt is under way for long.
      await Promise.all(receivers.map((each) => each.close()));
      await Promise.all([...senders.map((each) => each.stop()), relay.stop()]);
      await webhooks.close();
      await journal.close();
    },
  };
}

const started = (orderId: string): SagaEvent => ({
  type: 'SagaStarted',
  sagaType: 'OrderFulfillment',
  data: { orderId },
  steps: [{ name: 'reserve_inventory', kind: 'compensatable' }],
});

const held: SagaEvent = {
  type: 'SagaStepCompleted',
  step: 'reserve_inventory',
  attempts: 1,
  result: { total: { amount: 4200, currency: 'EUR' } },
};

export const blocked: SagaEvent = { type: 'SagaBlocked', step: 'reserve_inventory', code: 'ReleaseRefused' };

/** The end of an order. */
export const ended = (state: 'COMPLETED' | 'FAILED' | 'CANCELLED', reason: string | null = null): SagaEvent => ({
  type: 'SagaEnded',
  state,
  reason,
});

/** An order from its start, with these events after its stock is held. */
export const order = (orderId: string, ...then: readonly SagaEvent[]): SagaEvent[] => [
  started(orderId),
  { type: 'SagaStepStarted', step: 'reserve_inventory', timeoutAt: '2030-01-01T00:00:00.000Z' },
  held,
  ...then,
];
