/**
 * A command from Kafka: `{"sagaId": "123", "command": "StartOrder", "items": […]}`. The API's own schemas check its
 * sender and its fields, so that Kafka refuses the same requests as a POST.
 */
import { z } from 'zod';
import { isCorrelationId } from '../platform/observability/correlation.js';
import { parseStrictJson } from '../platform/strict-json.js';
import { invalidRequest, parseBody } from '../platform/validate.js';
import { ORDER_ID_PATTERN, orderIdOf, sagaIdOf } from '../order.js';
import { looksLikeCardNumber, looksPersonal } from '../platform/personal-data.js';
import { Problem } from '../problems.js';
import { cancelRequestSchema, orderRequestSchema, type OrderRequest } from '../orders/order-request.js';
import { resolveRequestSchema } from '../steering/decision-request.js';

interface Addressed {
  /** With `order-`. */
  readonly sagaId: string;
  readonly orderId: string;
}

type CancelRequest = z.infer<typeof cancelRequestSchema>;

export type Command = Addressed &
  (
    | { readonly command: 'StartOrder'; readonly request: OrderRequest }
    | { readonly command: 'CancelOrder'; readonly request: CancelRequest }
    | {
        readonly command: 'ResolveStep';
        readonly step: string;
        readonly request: z.infer<typeof resolveRequestSchema>;
      }
  );

/** The parts of a command that can be known although it is refused, or before it is checked. */
export interface Envelope {
  readonly sagaId: string | undefined;
  readonly command: string | undefined;
  /** Chosen by the sender: a command that is sent twice has the same id. */
  readonly commandId: string | undefined;
  readonly correlationId: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

const MOST_BYTES = 64 * 1024;
const IDENTIFIER = /^[!-~]{1,200}$/;

/** @throws Problem if it is not a JSON object of a size that a POST may have */
export function openEnvelope(value: Buffer | null): Envelope {
  if (value && value.length > MOST_BYTES) throw new Problem('PayloadTooLarge');
  const content = parseStrictJson(value ?? Buffer.alloc(0));
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw invalidRequest([{ field: 'body', message: 'is not a JSON object' }]);
  }
  const { sagaId, command, commandId, correlationId, ...fields } = content as Record<string, unknown>;
  return {
    sagaId: addressOf(sagaId)?.sagaId,
    command: typeof command === 'string' && /^[A-Za-z]{1,50}$/.test(command) ? command : undefined,
    commandId: identifierOf('commandId', commandId),
    correlationId: correlationOf(correlationId),
    fields,
  };
}

function identifierOf(field: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && IDENTIFIER.test(value) && !looksPersonal(value)) return value;
  throw invalidRequest([{ field, message: 'is 1 to 200 visible ASCII characters, no e-mail address, no card number' }]);
}

function correlationOf(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && isCorrelationId(value))) return value;
  throw invalidRequest([{ field: 'correlationId', message: 'is up to 128 letters, digits or "._:-"' }]);
}

/** The id with or without `order-`. An id that looks like a card number is refused, and is never repeated. */
function addressOf(sagaId: unknown): Addressed | undefined {
  const orderId = typeof sagaId === 'string' ? (orderIdOf(sagaId) ?? sagaId) : '';
  const isId = ORDER_ID_PATTERN.test(orderId) && !looksLikeCardNumber(orderId);
  return isId ? { orderId, sagaId: sagaIdOf(orderId) } : undefined;
}

/** @throws Problem that names each field at fault */
export function commandOf({ sagaId, command, fields }: Envelope): Command {
  const address = addressOf(sagaId);
  if (!address) throw invalidRequest([{ field: 'sagaId', message: 'is an order id, with or without "order-"' }]);
  const { orderId } = address;
  switch (command) {
    case 'StartOrder': {
      const { orderId: named = orderId, ...order } = fields;
      if (named !== orderId) throw invalidRequest([{ field: 'orderId', message: 'is another one than sagaId' }]);
      return { ...address, command, request: parseBody(orderRequestSchema, { ...order, orderId }) };
    }
    case 'CancelOrder':
      return { ...address, command, request: parseBody(cancelRequestSchema, fields) };
    case 'ResolveStep': {
      const { step, ...decision } = fields;
      const name = parseBody(z.object({ step: z.string().min(1).max(100) }), { step });
      return { ...address, command, step: name.step, request: parseBody(resolveRequestSchema, decision) };
    }
    default:
      throw invalidRequest([{ field: 'command', message: 'is StartOrder, CancelOrder or ResolveStep' }]);
  }
}
