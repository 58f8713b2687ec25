/**
 * The records of a refused command, each in several forms: the broker may always refuse the larger ones (a small
 * `max.message.bytes`), and takes no record without a key on a compacted topic. The last form is the reason alone.
 */
import type { IHeaders, Message } from 'kafkajs';
import { cloudEventHeaders } from '../platform/kafka/client.js';
import type { Unpublished } from './refusals.js';

const SHORT = 100;
const SHORTEST = 24;

/** For the DLQ: as it came, with the reason beside it; without its own headers; the reason alone. */
export function dlqForms({ id, code, detail, place, key, value, headers, lost }: Unpublished): Message[] {
  const why = { 'x-refused-code': code, 'x-refused-reason': detail, 'x-refused-place': place, 'x-command-id': id };
  const short = { ...why, 'x-refused-reason': detail.slice(0, SHORT) };
  const losing = (what: string): IHeaders => ({ 'x-refused-lost': [lost, what].filter(Boolean).join('; ') });
  // A record without a value would be a tombstone for its key.
  const record = { key: key ?? place, value: value ?? Buffer.alloc(0) };
  const empty = { key: (key ?? Buffer.from(place)).subarray(0, SHORT), value: Buffer.alloc(0) };
  return [
    { ...record, headers: { ...ownHeaders(headers), ...why, ...(lost === null ? {} : losing('')) } },
    { ...record, headers: { ...why, ...losing('headers') } },
    { ...empty, headers: { ...short, ...losing('headers and value') } },
    { ...empty, headers: { 'x-refused-code': code, 'x-refused-place': place } },
    { key: Buffer.from(place).subarray(0, SHORTEST), value: Buffer.alloc(0), headers: { 'x-refused-code': code } },
  ];
}

/** kafkajs reads headers whose value is null, and cannot send them. */
function ownHeaders(headers: Unpublished['headers']): IHeaders {
  const all = new Map<string, Buffer[]>();
  for (const [name, text] of headers) {
    all.set(name, [...(all.get(name) ?? []), Buffer.from(text ?? '', 'base64')]);
  }
  return Object.fromEntries(Array.from(all, ([name, values]) => [name, values.length === 1 ? values[0] : values]));
}

/** For followers of sagas: the command has started or steered nothing. */
export function eventForms(refusal: Unpublished): Message[] {
  const { id, saga_id: sagaId, command, correlation_id: correlationId, code, detail, place } = refusal;
  const at = new Date().toISOString();
  const type = 'SagaRejected';
  const key = sagaId ?? place;
  const about = { commandId: id, command, code, reason: detail };
  const event = { id: `rejected-${id}`, sagaId, type, at, data: about, correlationId };
  const extensions = { correlationid: correlationId };
  const headers = cloudEventHeaders({ id: event.id, type, subject: sagaId ?? 'none', time: at, extensions });
  const shorter = { ...event, data: { ...about, reason: detail.slice(0, SHORT) } };
  const shortest = { id: event.id, sagaId, type, at, data: { commandId: id, code } };
  return [
    { key, value: JSON.stringify(event), headers },
    { key, value: JSON.stringify(shorter), headers },
    { key, value: JSON.stringify(shortest), headers: { ce_id: event.id, ce_type: type } },
    { key, value: JSON.stringify({ id: event.id, type, data: { code } }), headers: {} },
  ];
}
