/**
 * Acts on the queued commands. Any number of sagas can be in trouble at once without holding up the others: parked
 * commands have slots of their own, and a command waits only for the earlier commands of its own saga.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError } from '@temporalio/client';
import { PROBLEMS, Problem } from '../problems.js';
import { openSlots } from '../platform/in-parallel.js';
import { withTimeLimit } from '../platform/time-limit.js';
import { openEnvelope } from './command.js';
import { commandFor } from './judge.js';
import type { Execute } from './execute.js';
import { AttemptTimedOutError, type Outage, type Outages } from './outage.js';
import { oneLine, refusalOf, type Refusal } from './refusal.js';
import type { Claimed, Kind, Queues } from './queues.js';
import { callerOf } from './sender.js';
import type { Role } from '../caller.js';

export type Attempt = 'accepted' | 'refused' | 'undecided' | 'parked' | 'rests';

export interface ActOptions {
  readonly queues: Queues;
  readonly execute: Execute;
  readonly outages: Outages;
  /** How long a command is tried before it rests, pauses included and outages left out. Milliseconds. */
  readonly budgetMs: number;
  /** Called with each attempt, and with the reason if it could not decide. */
  readonly onAttempt?: (attempt: Attempt, claimed: Claimed, reason?: string, error?: unknown) => void;
  /** Called with the sagas whose command has ended its process at each attempt: the command rests. */
  readonly onGivenUp?: (queues: readonly string[]) => void;
  /** Called with an error of the database; the statement is tried again. */
  readonly onTrouble?: (error: unknown) => void;
  /** Called when everything waits for a system that is away, and again with undefined when nothing waits any more. */
  readonly onOutage?: (outage: string | undefined) => void;
}

export interface Acting {
  /** Called after a command was queued. */
  wake(): void;
  /** Ends after the running attempts. */
  stop(): Promise<void>;
}

/** A cancel waits for its saga, which costs nothing; a start works, and too many at once would all be late. */
const SLOTS: Readonly<Record<Kind, number>> = { fresh: 128, tried: 64, suspect: 1 };
const STARTS = 16;
const ATTEMPT_MS = 9_000;
const POLL_MS = 250;
/** Several times before a claim lapses. */
const KEEP_EVERY_MS = 1_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const OUTAGE_PAUSE_MS = 1_000;

export function actOnCommands(options: ActOptions): Acting {
  const stopping = new AbortController();
  const under: UnderWay = { fresh: new Set(), tried: new Set(), suspect: new Set() };
  const held = new Set<Claimed>();
  let awake = new AbortController();
  let outage: string | undefined;
  const wake = (): void => awake.abort();
  const startSlot = openSlots(STARTS);

  async function tryOne(claimed: Claimed): Promise<void> {
    const trying = (): Promise<string | undefined> => attempt(options, claimed, stopping.signal);
    held.add(claimed);
    try {
      const found = await (claimed.command === 'StartOrder' ? startSlot(trying) : trying());
      outage ??= found;
    } finally {
      held.delete(claimed);
      wake();
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      awake = new AbortController();
      const signal = AbortSignal.any([awake.signal, stopping.signal]);
      try {
        if (outage !== undefined) {
          options.onOutage?.(outage);
          await sleep(OUTAGE_PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
          outage = await options.outages.any();
          if (outage === undefined) options.onOutage?.(undefined);
          continue;
        }
        if ((await beginDue(options, under, tryOne)) > 0) continue;
      } catch (error) {
        options.onTrouble?.(error);
        outage ??= await options.outages.any().catch(() => undefined);
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  const running = run();
  const ended = new AbortController();
  const keeping = keepClaims(options.queues, held, ended.signal);
  return {
    wake,
    stop: async () => {
      stopping.abort();
      await running;
      await Promise.all([...under.fresh, ...under.tried, ...under.suspect]);
      ended.abort();
      await keeping;
    },
  };
}

/** Also while a start waits for its slot. If the database is away, the statement that stores the attempt shows it. */
async function keepClaims(queues: Queues, held: ReadonlySet<Claimed>, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    await sleep(KEEP_EVERY_MS, undefined, { signal: ended }).catch(() => undefined);
    if (held.size > 0) await queues.keep([...held]).catch(() => undefined);
  }
}

type UnderWay = Readonly<Record<Kind, Set<Promise<void>>>>;

/** Begins as many attempts as there are free slots, and returns their number. */
async function beginDue(
  { queues, onGivenUp }: ActOptions,
  under: UnderWay,
  tryOne: (claimed: Claimed) => Promise<void>,
): Promise<number> {
  const killers = await queues.giveUpKillers();
  if (killers.length > 0) onGivenUp?.(killers);
  const begin = async (kind: Kind): Promise<number> => {
    const claimed = await queues.claim(kind, SLOTS[kind] - under[kind].size);
    for (const each of claimed) {
      const trying = tryOne(each).finally(() => under[kind].delete(trying));
      under[kind].add(trying);
    }
    return claimed.length;
  };
  const begun = (await begin('fresh')) + (await begin('tried'));
  // A command that may end this process is tried only when no other attempt is running that would end with it.
  if (begun + under.fresh.size + under.tried.size > 0) return begun;
  const suspects = await begin('suspect');
  await Promise.all(under.suspect);
  return suspects;
}

/** Returns the outage if nothing can be done for any command. */
async function attempt(options: ActOptions, claimed: Claimed, stopping: AbortSignal): Promise<string | undefined> {
  const began = performance.now();
  const ended = await tryOnce(options.execute, claimed);
  let outage: Outage | undefined;
  // Records the end of the attempt as long as this process lives, because an attempt without an end counts as deadly.
  await untilStored(options, stopping, async () => {
    const { queues, onAttempt, budgetMs } = options;
    if (ended === 'accepted') {
      await queues.accepted(claimed);
      onAttempt?.('accepted', claimed);
    } else if ('refusal' in ended) {
      await queues.refused(claimed, ended.refusal);
      onAttempt?.('refused', claimed, ended.refusal.code);
    } else {
      outage ??= await options.outages.behind(ended.error);
      const pauseMs = pauseAfter(claimed.attempts);
      const spentMs = outage === undefined ? Math.round(performance.now() - began) + pauseMs : undefined;
      const reason = outage?.what ?? whyUndecided(ended.error);
      const rests = await queues.undecided(claimed, { reason, pauseMs, spentMs }, budgetMs);
      onAttempt?.(rests ? 'rests' : spentMs === undefined ? 'undecided' : 'parked', claimed, reason, ended.error);
    }
  });
  return outage?.forAll ? outage.what : undefined;
}

type Ended = 'accepted' | { readonly refusal: Refusal } | { readonly error: unknown };

async function tryOnce(execute: Execute, claimed: Claimed): Promise<Ended> {
  try {
    const caller = callerOf({ name: claimed.sender, role: claimed.role as Role | null });
    const command = commandFor(caller, openEnvelope(claimed.value));
    const origin = { caller, commandId: claimed.id, correlationId: claimed.correlation_id };
    await withTimeLimit(execute(command, origin), { ms: ATTEMPT_MS }).catch((error: unknown) => {
      const isLate = error instanceof Error && error.message.startsWith('no answer within');
      throw isLate ? new AttemptTimedOutError('no answer in time', { cause: error }) : error;
    });
    return 'accepted';
  } catch (error) {
    return error instanceof Problem && isFinal(error) ? { refusal: refusalOf(error) } : { error };
  }
}

/**
 * A refusal by a paused saga is not final, because the saga's answer is not known until an operator resumes it (rule
 * 51).
 */
function isFinal({ code }: Problem): boolean {
  const { status, retryAfter }: { status: number; retryAfter?: number } = PROBLEMS[code];
  return status < 500 && retryAfter === undefined && (code as string) !== 'SagaPaused';
}

const pauseAfter = (attempts: number): number =>
  Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 10), LONGEST_PAUSE_MS);

/**
 * The code with Temporal's own words, if it has any. For an unforeseen error only its kind, without the command's
 * content.
 */
function whyUndecided(error: unknown): string {
  const said = saidByTemporal(error);
  if (error instanceof Problem) return oneLine(`${error.code}: ${said ?? error.message}`);
  if (error instanceof AttemptTimedOutError) return 'NotDecided: no answer in time';
  const name = error instanceof Error ? error.name : 'Error';
  return oneLine(said === undefined ? `InternalError: ${name}` : `${name}: ${said}`);
}

/** The details of the gRPC error that is the cause: at most they name a workflow. */
function saidByTemporal(error: unknown): string | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 6; cause = cause.cause, depth += 1) {
    if (isGrpcServiceError(cause) && cause.details !== '') return cause.details;
  }
  return undefined;
}

async function untilStored(
  { onTrouble }: ActOptions,
  stopping: AbortSignal,
  store: () => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      await store();
      return;
    } catch (error) {
      onTrouble?.(error);
      if (stopping.aborted) return;
      await sleep(500, undefined, { signal: stopping }).catch(() => undefined);
    }
  }
}
