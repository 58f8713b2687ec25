/** A rule of the participant's contract, and its check. */
import type { ConformanceOptions } from './options.js';
import type { Play } from './play.js';

export interface Check {
  readonly name: string;
  /** The number of the saga rule (docs/saga.md). */
  readonly rule: number;
  /** The rule, as the report shows it. */
  readonly sentence: string;
  /** The options that the check needs. */
  readonly needs?: Need | undefined;
  /**
   * False if the participant lacks the subject of the check (option `without`), or has it, for the check about the
   * lack.
   */
  readonly applies?: ((options: ConformanceOptions) => boolean) | undefined;
  /** Checks that this one builds on: if one of them failed, this one would only repeat its failure. */
  readonly assumes?: readonly string[];
  /** @throws Violation if the rule is broken, NotReached if the check could not get that far */
  readonly run: (play: Play) => Promise<void>;
}

export interface Need {
  /** The option to give, for the report. */
  readonly what: string;
  readonly isMet: (options: ConformanceOptions) => boolean;
}

export const undoable = ({ without = [] }: ConformanceOptions): boolean => !without.includes('undo');

export const NEEDS = {
  otherBody: { what: '--other-body', isMet: ({ otherBody }) => otherBody !== undefined },
  refusedBody: { what: '--refused-body', isMet: ({ refusedBody }) => refusedBody !== undefined },
  refuseAction: { what: 'refuseAction in --prepare', isMet: ({ prepare }) => prepare?.refuseAction !== undefined },
  refusedUndo: {
    what: '--refused-undo-body, or refuseUndo in --prepare',
    isMet: ({ prepare, refusedUndoBody }) => prepare?.refuseUndo !== undefined || refusedUndoBody !== undefined,
  },
  allowedUndo: {
    what: 'refuseUndo and allowUndo in --prepare',
    isMet: ({ prepare }) => prepare?.refuseUndo !== undefined && prepare.allowUndo !== undefined,
  },
  orderId: { what: 'an "orderId" in --body', isMet: ({ body }) => typeof body['orderId'] === 'string' },
  problem: {
    what: '--other-body or --refused-body',
    isMet: (options) => undoable(options) || options.otherBody !== undefined || options.refusedBody !== undefined,
  },
} as const satisfies Record<string, Need>;
