/**
 * Participants in memory for tests of sagas: they keep the ledger that docs/saga.md asks for, and misbehave as
 * scripted.
 */
import { isDeepStrictEqual } from 'node:util';
import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { Undone } from '../step.js';

export type Operation = 'act' | 'undo' | 'ask';

/**
 * `refuse`: a definitive refusal. `unavailable`: nothing happens, and the call may be repeated. `lost`: it happens, and the
 * answer gets lost. `late`: the answer is lost, and it happens only when `arriveLate` is called. `held`: it waits for
 * `release`, then answers. `broken`: it happens, and the answer is a failure that is not repeated and is no refusal;
 * `vanished`: the same failure, and it does not happen.
 */
export type Behaviour = 'ok' | 'refuse' | 'unavailable' | 'lost' | 'late' | 'held' | 'broken' | 'vanished';

export type LedgerStatus = 'applied' | 'refused' | 'undone' | 'fenced';

/** How an action is played. */
export interface Script {
  /** The code of its refusal, one of those that its call lists. Without one it is never refused by `failAtEachStep`. */
  readonly refusal?: string;
}

export interface Participant {
  /** An activity that plays the action of a step; `answer` makes its result. */
  action<Input, Result>(
    step: string,
    script: Script & { readonly answer: (input: Input) => Result },
  ): (input: Input) => Promise<Result>;
  action(step: string, script?: Script): (input: unknown) => Promise<void>;
  /**
   * An activity that plays the compensation of a step: it undoes the effect, or fences an action that never happened.
   */
  compensation(step: string, script?: Script): (input: unknown) => Promise<Undone & { readonly attempts: number }>;
  /** An activity that plays the probe of a step. */
  probe(step: string): (input: unknown) => Promise<{ readonly effect: 'applied' | 'none' }>;
  /** By `<saga's id>/<step>`; ids that were never used are missing. */
  readonly ledger: ReadonlyMap<string, LedgerStatus>;
  /** Every call that arrived, in order: `act a`, `undo a`. */
  readonly calls: string[];
  /** The scripts of the actions that were made here, by step. */
  readonly scripts: ReadonlyMap<string, Script>;
  /** The steps whose compensations were made here. */
  readonly undoable: ReadonlySet<string>;
  /** Calls of one effect whose inputs differed: the effect's id must follow from the input alone (rules 2 and 19). */
  readonly mismatches: readonly string[];
  /** A list is used up attempt by attempt, and later attempts are well; a single behaviour stays. */
  behave(operation: Operation, step: string, behaviour: Behaviour | Behaviour[]): void;
  /** From now on every call is well. */
  behaveWell(): void;
  /** Resolves when a call of this kind has arrived. */
  arrived(operation: Operation, step: string): Promise<void>;
  /** Lets the held calls answer. */
  release(): void;
  /** The late originals arrive. */
  arriveLate(): void;
  /** The ids of all live effects. */
  effects(): string[];
}

/** Plays any number of services for any number of sagas. An effect's id is the workflow's id and the step's name. */
export function createParticipant(): Participant {
  const ledger = new Map<string, LedgerStatus>();
  const scripts = new Map<string, Script>();
  const undoable = new Set<string>();
  const plan = createPlan();
  const log = createLog();

  /** Answers the status that the ledger has now. */
  async function handle(operation: Operation, step: string, input: unknown, code: string) {
    const id = `${Context.current().info.workflowExecution?.workflowId}/${step}`;
    log.add(`${operation} ${step}`, id, input);
    const behaviour = plan.next(`${operation} ${step}`);
    const change = (refused: boolean): string | undefined => CHANGES[operation](ledger, id, refused, code);
    if (behaviour === 'unavailable') throw failed('Unavailable', false);
    if (behaviour === 'vanished') throw failed('Broken', true);
    if (behaviour === 'held') await plan.hold();
    if (behaviour === 'late') {
      // A late original that finds the tombstone is refused: that is the point.
      plan.postpone(() => void change(false));
      throw failed('AnswerLost', false);
    }
    const refused = change(behaviour === 'refuse');
    if (refused !== undefined) throw failed(refused, true);
    if (behaviour === 'lost') throw failed('AnswerLost', false);
    if (behaviour === 'broken') throw failed('Broken', true);
    return ledger.get(id);
  }

  function action<Input, Result>(step: string, script: Script & { answer?: (input: Input) => Result } = {}) {
    scripts.set(step, script);
    return async (input: Input): Promise<Result> => {
      await handle('act', step, input, script.refusal ?? 'Refused');
      // Left out only if the overload says that the action returns nothing.
      return script.answer?.(input) as Result;
    };
  }

  return {
    ...plan,
    ...log,
    action,
    compensation: (step, script = {}) => {
      undoable.add(step);
      return async (input) => {
        const status = await handle('undo', step, input, script.refusal ?? 'UndoRefused');
        return { outcome: status === 'undone' ? 'compensated' : 'nothingToDo', attempts: attempt() };
      };
    },
    probe: (step) => async (input) => {
      const status = await handle('ask', step, input, '');
      return { effect: status === 'applied' ? 'applied' : 'none' };
    },
    ledger,
    scripts,
    undoable,
    effects: () => [...ledger].flatMap(([id, status]) => (status === 'applied' ? [id] : [])),
  };
}

/** The faults for calls, and the calls that are held or late. */
function createPlan() {
  const behaviours = new Map<string, Behaviour | Behaviour[]>();
  const late: (() => void)[] = [];
  const held: (() => void)[] = [];
  return {
    behave: (operation: Operation, step: string, behaviour: Behaviour | Behaviour[]): void =>
      void behaviours.set(`${operation} ${step}`, behaviour),
    behaveWell: (): void => behaviours.clear(),
    next: (call: string): Behaviour => {
      const planned = behaviours.get(call) ?? 'ok';
      return typeof planned === 'string' ? planned : (planned.shift() ?? 'ok');
    },
    hold: (): Promise<void> => new Promise((resolve) => held.push(resolve)),
    postpone: (happen: () => void): void => void late.push(happen),
    release: (): void => {
      for (const go of held.splice(0)) go();
    },
    arriveLate: (): void => {
      for (const happen of late.splice(0)) happen();
    },
  };
}

/** The calls that arrived, and with which inputs. */
function createLog() {
  const calls: string[] = [];
  const inputs = new Map<string, unknown>();
  const mismatches: string[] = [];
  const waiting: { call: string; seen: () => void }[] = [];
  return {
    calls,
    mismatches,
    add(call: string, id: string, input: unknown): void {
      calls.push(call);
      if (!inputs.has(id)) inputs.set(id, input);
      else if (!isDeepStrictEqual(inputs.get(id), input)) mismatches.push(`${call} of ${id}`);
      for (const wait of waiting) if (wait.call === call) wait.seen();
    },
    arrived: (operation: Operation, step: string): Promise<void> => {
      const call = `${operation} ${step}`;
      if (calls.includes(call)) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ call, seen: resolve }));
    },
  };
}

/** Answers the code of a refusal, if it is one. */
type Change = (ledger: Map<string, LedgerStatus>, id: string, refused: boolean, code: string) => string | undefined;

/**
 * The changes of each operation in the ledger, as in the table of docs/saga.md: action and refusal are kept, and so
 * is the tombstone.
 */
const CHANGES: Record<Operation, Change> = {
  act: (ledger, id, refused, code) => {
    const now = ledger.get(id);
    if (now === 'undone' || now === 'fenced') return 'AlreadyCancelled';
    if (now === undefined) ledger.set(id, refused ? 'refused' : 'applied');
    return ledger.get(id) === 'refused' ? code : undefined;
  },
  undo: (ledger, id, refused, code) => {
    const now = ledger.get(id);
    if (now === 'undone' || now === 'fenced') return undefined;
    if (refused) return code;
    ledger.set(id, now === 'applied' ? 'undone' : 'fenced');
    return undefined;
  },
  ask: () => undefined,
};

const attempt = (): number => Context.current().info.attempt;

/** A wanted failure: the SDK logs it below its default level. It says its attempt, which the saga's record adds up. */
const failed = (type: string, nonRetryable: boolean): ApplicationFailure =>
  ApplicationFailure.create({
    type,
    message: type,
    nonRetryable,
    details: [{ attempts: attempt() }],
    category: ApplicationFailureCategory.BENIGN,
  });
