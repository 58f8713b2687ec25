/** Kafka's commands in the audit: decisions of senders, and denials of known ones (rule 49). */
import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { AuditCaller, AuditRequest } from '../journal/decisions/audit-row.js';
import { noteDecision } from '../journal/decisions/open-audit.js';
import type { AuditDecision } from '../journal/decisions/record-decision.js';
import type { Caller } from '../caller.js';
import type { Command } from './command.js';
import type { Refusal } from './refusal.js';
import type { QueuedCommand } from './rows.js';

/** A UUID that is the same for each attempt of one command. */
const decisionIdOf = (commandId: string): string => {
  const hex = createHash('sha256').update(`command ${commandId}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
};

function auditCallerOf({ actor, customerId, roles }: Caller, named: string, correlationId: string): AuditCaller {
  const kind = customerId !== undefined ? 'customer' : actor === undefined ? 'unknown' : 'machine';
  return { door: 'kafka', actor: named, kind, roles: actor === undefined ? [] : roles, correlationId };
}

interface Origin {
  readonly caller: Caller;
  readonly commandId: string;
  readonly correlationId: string;
  readonly actor: string;
}

/** A command that steers a saga. All attempts of one command are one decision, whose last attempt answers. */
export function auditedCommand(
  command: Exclude<Command, { command: 'StartOrder' }>,
  { caller, commandId, correlationId, actor }: Origin,
): AuditDecision {
  const { reason } = command.request;
  const what: AuditRequest =
    command.command === 'CancelOrder'
      ? { action: 'cancel', reason }
      : {
          action: command.request.action,
          step: command.step,
          reason,
          requestId: command.request.requestId ?? commandId,
        };
  return {
    ...auditCallerOf(caller, actor, correlationId),
    ...what,
    sagaId: command.sagaId,
    id: decisionIdOf(commandId),
    isRepeated: true,
    // The saga itself records the decision.
    onAway: () => undefined,
  };
}

const ACTIONS: Readonly<Record<string, string>> = { CancelOrder: 'cancel', ResolveStep: 'resolve' };

/** Records that a known sender was not allowed to steer, in the transaction that refuses its command. */
export async function noteDeniedCommand(
  client: PoolClient,
  schema: string,
  { id, saga_id: sagaId, command, sender, role, correlation_id: correlationId }: QueuedCommand,
  { code }: Refusal,
): Promise<void> {
  const action = ACTIONS[command ?? ''];
  if (code !== 'Forbidden' || action === undefined || sender === null || role === null) return;
  const isCustomer = role === 'customer';
  await noteDecision(client, schema, {
    id: decisionIdOf(id),
    phase: 'answered',
    door: 'kafka',
    actor: isCustomer ? 'customer' : sender,
    kind: isCustomer ? 'customer' : 'machine',
    roles: [role],
    correlationId,
    action,
    sagaId: sagaId ?? undefined,
    outcome: 'denied',
    code,
  });
}
