/**
 * The shops' webhooks: each event that shops can ask for becomes a row in the queue of every endpoint that asks for it
 * (../../journal/webhooks/queue.ts); ../webhook-sender.ts sends from there. So an endpoint that is away holds up neither
 * the relay nor another endpoint. A repeated delivery queues nothing twice.
 */
import { orderIdOf } from '../../order.js';
import { eventOfData } from '../../journal/tables/event-row.js';
import { journalPool } from '../../journal/write/journal.js';
import { enqueue, type WebhookMessage } from '../../journal/webhooks/queue.js';
import { SAGA_TYPE } from '../../workflows/messages.js';
import type { Delivery, RelayedEvent, Sink, SinkRow } from './sink.js';
import { escapeIdentifier } from 'pg';

/** A batch of events makes a row for each endpoint. */
const ANSWER_WITHIN_MS = 20_000;

/** @param databaseUrl of the journal: the queues are beside it */
export function webhooksSink(databaseUrl: string, schemaName: string): Sink {
  const schema = escapeIdentifier(schemaName);
  return {
    name: 'webhooks',
    // For the total of an order, which is in its row.
    takes: 'rows',
    where: 'the queues of the endpoints',
    async connect() {
      const pool = journalPool({ databaseUrl, poolSize: 1, patienceMs: ANSWER_WITHIN_MS });
      try {
        await pool.query(`SELECT FROM ${schema}.webhook_endpoints LIMIT 1`);
      } catch (error) {
        await pool.end();
        throw error;
      }
      return {
        async deliver(deliveries) {
          await enqueue(pool, schema, deliveries.flatMap(messagesOf));
          return [];
        },
        close: () => pool.end().catch(() => undefined),
      };
    },
  };
}

const messagesOf = ({ events, row }: Delivery): WebhookMessage[] =>
  events.flatMap((event) => messageOf(event, row) ?? []);

/** Undefined for an event that no shop asks for, and for one that a reset has replaced. */
export function messageOf(event: RelayedEvent, row: SinkRow | undefined): WebhookMessage | undefined {
  const { id, sagaId, sagaType, at, branch, seq, supersededBy } = event;
  const orderId = orderIdOf(sagaId);
  if (sagaType !== SAGA_TYPE || orderId === undefined || supersededBy !== null) return undefined;
  const told = tellingOf(event);
  if (!told) return undefined;
  const data = { orderId, sagaId, ...told.data, total: totalOf(row), branch, seq };
  const body = JSON.stringify({ type: told.event, timestamp: at, data });
  return { messageId: `msg_${id}`, sagaId, event: told.event, body, at };
}

/** Codes and states only: nothing that a person wrote, and nothing of a person. */
function tellingOf({ data }: RelayedEvent): (Pick<WebhookMessage, 'event'> & { readonly data: object }) | undefined {
  const event = eventOfData(data);
  if (event.type === 'SagaBlocked') return { event: 'order.blocked', data: { step: event.step, reason: event.code } };
  if (event.type !== 'SagaEnded') return undefined;
  const { state, reason } = event;
  const name = { COMPLETED: 'order.completed', FAILED: 'order.failed', CANCELLED: 'order.cancelled' } as const;
  return { event: name[state], data: { state, reason } };
}

/** Null before the stock is held. */
function totalOf(row: SinkRow | undefined): { readonly amount: number; readonly currency: string } | null {
  const { amount, currency }: { amount?: unknown; currency?: unknown } = Object(row?.data['total']);
  return typeof amount === 'number' && typeof currency === 'string' ? { amount, currency } : null;
}
