/**
 * Judges a message by itself: its command, its sender and its faults. It asks no other system, so the result is the
 * same at each look.
 */
import { createHash } from 'node:crypto';
import type { IHeaders } from 'kafkajs';
import { invalidRequest } from '../platform/validate.js';
import { fingerprintOf } from '../orders/store/fingerprint.js';
import { undecodable } from './codecs.js';
import { commandOf, openEnvelope, type Command, type Envelope } from './command.js';
import { ANYBODY, callerOf, verifySender, type Sender } from './sender.js';
import { actorOf } from '../steering/steer.js';
import { CUSTOMER, type Caller, ROLES, type Role, STAFF, type CommandKey } from '../caller.js';
import { Problem } from '../problems.js';

export interface Received {
  /** The message's place and time at the broker: the same at each delivery, and never given to another message. */
  readonly place: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
}

export interface Judged {
  /** The sender's `commandId`, else one that a repeat of the record has, too. */
  readonly id: string;
  readonly sagaId: string | undefined;
  readonly command: string | undefined;
  readonly correlationId: string;
  readonly sender: Sender;
  /** A hash of the named fields: the same for the same command in any notation. */
  readonly fingerprint: string;
  /** A hash of the bytes, for rows of older releases. */
  readonly bytesFingerprint: string;
  /** The refusal, if the message is refused in any state of the saga. */
  readonly problem?: Problem;
  /** An unforeseen error of judging: the message is tried like any other, and parked. */
  readonly unforeseen?: unknown;
}

/** The roles for each command: those of the same request over HTTP. */
export const COMMAND_ROLES: Readonly<Record<Command['command'], readonly Role[]>> = {
  StartOrder: ROLES,
  CancelOrder: ROLES,
  ResolveStep: STAFF,
};

/**
 * Throws nothing, because the faults of the message are part of the result. `keys` undefined: commands are not
 * signed.
 */
export function judge(received: Received, keys: readonly CommandKey[] | undefined): Judged {
  const bytesFingerprint = sha256(received.value ?? '');
  const nothing = {
    id: received.place,
    sagaId: undefined,
    command: undefined,
    correlationId: `command-${sha256(received.place).slice(0, 16)}`,
    sender: ANYBODY,
    fingerprint: bytesFingerprint,
    bytesFingerprint,
  };
  let known: Judged = nothing;
  try {
    const damage = undecodable(received.headers);
    if (damage !== undefined) throw invalidRequest([{ field: 'record', message: damage }]);
    const signed = keys && verifySender(keys, received.value ?? Buffer.alloc(0), received.headers);
    const sender = signed?.sender ?? ANYBODY;
    const envelope = openEnvelope(received.value);
    known = knownOf(nothing, envelope, sender, signed?.replayId);
    const command = commandFor(callerOf(sender), envelope);
    return { ...known, fingerprint: contentOf(command, sender) };
  } catch (error) {
    return error instanceof Problem ? { ...known, problem: error } : { ...known, unforeseen: error };
  }
}

function knownOf(nothing: Judged, envelope: Envelope, sender: Sender, replayId: string | undefined): Judged {
  const { commandId, correlationId, sagaId, command, fields } = envelope;
  return {
    ...nothing,
    id: commandId ?? replayId ?? nothing.id,
    sagaId,
    command,
    correlationId: correlationId ?? nothing.correlationId,
    sender,
    fingerprint: sha256(canonical([sender.name, sagaId, command, fields])),
  };
}

/**
 * The command with the actor to record.
 *
 * @throws Problem if the caller may not do that, or a field is missing or not allowed
 */
export function commandFor(caller: Caller, envelope: Envelope): Command {
  const command = commandOf(envelope);
  if (!caller.roles.some((role) => COMMAND_ROLES[command.command].includes(role))) {
    throw new Problem('Forbidden');
  }
  if (command.command === 'StartOrder') return command;
  const standard = command.command === 'CancelOrder' ? CUSTOMER : 'operator';
  const actor = actorOf(caller, command.request.actor, standard);
  return { ...command, request: { ...command.request, actor } } as Command;
}

/** Two starts are the same if a POST would treat them as the same. */
function contentOf(command: Command, { name }: Sender): string {
  const content = command.command === 'StartOrder' ? fingerprintOf(command.request) : command.request;
  const step = command.command === 'ResolveStep' ? command.step : undefined;
  return sha256(canonical([name, command.sagaId, command.command, step, content]));
}

/** JSON with the members of each object in one order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
      : member,
  );
}

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
