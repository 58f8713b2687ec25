/** A participant in memory that keeps the ledger of the real ones (tombstones included) and misbehaves as it is told. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ParticipantActivities, StepInput } from './scripted.js';

export type Operation = 'act' | 'undo' | 'ask';

/**
 * `lost`: it happens, and the answer gets lost. `late`: the answer is lost and it happens only when `arriveLate` is
 * called. `held`: it waits for `release`, then answers. `broken`: it happens, and the answer is a failure that is not
 * repeated, and that no step knows as a refusal.
 */
export type Behaviour = 'ok' | 'refuse' | 'unavailable' | 'lost' | 'late' | 'held' | 'broken';

export type LedgerStatus = 'applied' | 'refused' | 'undone' | 'fenced';

export interface Participant {
  readonly activities: ParticipantActivities;
  readonly ledger: ReadonlyMap<string, LedgerStatus>;
  /** Every call that arrived, in order: `act a`, `undo a`. */
  readonly calls: string[];
  /** A list is used up attempt by attempt, and then all is well; a single behaviour stays. */
  behave(operation: Operation, step: string, behaviour: Behaviour | Behaviour[]): void;
  /** Resolves when a call of this kind has arrived. */
  arrived(operation: Operation, step: string): Promise<void>;
  release(): void;
  arriveLate(): void;
  /** The ids of all live effects, notices apart: those are not undone. */
  effects(): string[];
}

export function createParticipant(): Participant {
  const ledger = new Map<string, LedgerStatus>();
  const script = new Map<string, Behaviour | Behaviour[]>();
  const calls: string[] = [];
  const waiting: { call: string; seen: () => void }[] = [];
  let late: (() => void)[] = [];
  let held: (() => void)[] = [];

  const nextBehaviour = (key: string): Behaviour => {
    const planned = script.get(key) ?? 'ok';
    return typeof planned === 'string' ? planned : (planned.shift() ?? 'ok');
  };

  const change: Record<Operation, (id: string, refused: boolean) => void> = {
    act: (id, refused) => {
      const now = ledger.get(id);
      if (now === 'undone' || now === 'fenced') throw refusal('AlreadyCancelled');
      if (now === undefined) ledger.set(id, refused ? 'refused' : 'applied');
      if (ledger.get(id) === 'refused') throw refusal('Refused');
    },
    undo: (id, refused) => {
      if (refused) throw refusal('UndoRefused');
      if (ledger.get(id) === 'applied') ledger.set(id, 'undone');
      else if (ledger.get(id) !== 'undone') ledger.set(id, 'fenced');
    },
    ask: () => undefined,
  };

  async function handle(operation: Operation, { sagaId, step }: StepInput): Promise<void> {
    const id = `${sagaId}/${step}`;
    const key = `${operation} ${step}`;
    calls.push(key);
    for (const { call, seen } of waiting) if (call === key) seen();
    const behaviour = nextBehaviour(key);
    if (behaviour === 'unavailable') throw weather('unavailable');
    if (behaviour === 'held') await new Promise<void>((resolve) => held.push(resolve));
    if (behaviour === 'late') {
      late.push(() => ignoreRefusal(() => change[operation](id, false)));
      throw weather('late');
    }
    change[operation](id, behaviour === 'refuse');
    if (behaviour === 'lost') throw weather('lost');
    if (behaviour === 'broken') throw refusal('Broken');
  }

  return {
    activities: {
      act: async (input) => {
        await handle('act', input);
        return { step: input.step, attempts: Context.current().info.attempt };
      },
      undo: async (input) => {
        await handle('undo', input);
        const found = ledger.get(`${input.sagaId}/${input.step}`) === 'undone';
        return { outcome: found ? 'compensated' : 'nothingToDo', attempts: Context.current().info.attempt };
      },
      ask: async (input) => {
        await handle('ask', input);
        return { effect: ledger.get(`${input.sagaId}/${input.step}`) === 'applied' ? 'applied' : 'none' };
      },
    },
    ledger,
    calls,
    behave: (operation, step, behaviour) => void script.set(`${operation} ${step}`, behaviour),
    arrived: (operation, step) => {
      const call = `${operation} ${step}`;
      if (calls.includes(call)) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ call, seen: resolve }));
    },
    release: () => {
      for (const go of held.splice(0)) go();
    },
    arriveLate: () => {
      for (const happen of late.splice(0)) happen();
    },
    effects: () =>
      [...ledger].filter(([id, status]) => status === 'applied' && !id.endsWith('/notice')).map(([id]) => id),
  };
}

const refusal = (code: string): ApplicationFailure =>
  ApplicationFailure.create({
    type: code,
    message: code,
    nonRetryable: true,
    details: [{ attempts: Context.current().info.attempt }],
  });

const weather = (what: string): ApplicationFailure =>
  ApplicationFailure.create({
    type: 'Weather',
    message: what,
    details: [{ attempts: Context.current().info.attempt }],
  });

function ignoreRefusal(change: () => void): void {
  try {
    change();
  } catch {
    // The late original is refused by the tombstone: that is the point.
  }
}
