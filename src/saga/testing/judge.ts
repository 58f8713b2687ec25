/** The expected result of a saga with one failing step, and the findings if the result differs. */
import type { StepRecord } from '../record.js';
import type { Participant } from './participant.js';
import type { Outcome } from './trial.js';

/**
 * `refused`: a definitive refusal. `neverAnswered`: no attempt is answered, and all of them arrive after the saga has ended.
 * `answerLost`: it happens, and no answer arrives. `answerLostOnce`: the second attempt is answered.
 */
export type Fault = 'refused' | 'neverAnswered' | 'answerLost' | 'answerLostOnce';

/** One run of `failAtEachStep`. */
export interface Trial {
  readonly sagaId: string;
  /** The failing step; undefined in the run without a fault. */
  readonly step: string | undefined;
  readonly fault: Fault | undefined;
  readonly state: string;
  readonly reason: string | null;
  /** The step that waits for an operator, if any. */
  readonly blockedOn: string | null;
  /** The ledger afterwards, by step. */
  readonly ledger: Readonly<Record<string, string>>;
  /** The deviations from the expected result, a sentence each. */
  readonly findings: readonly string[];
}

type Ending = 'complete' | 'undone' | 'forward';

/** `forward`: it cannot be undone, so it is done, waits for an operator, or is a dead letter. */
function endingOf(kind: StepRecord['kind'], fault: Fault): Ending {
  if (fault === 'answerLostOnce') return 'complete';
  if (kind === 'compensatable') return 'undone';
  return kind === 'pivot' && fault === 'refused' ? 'undone' : 'forward';
}

/** Compares a run with its expected result. The late originals have arrived by now. */
export function judge(
  sagaId: string,
  { record, closed }: Outcome,
  participant: Participant,
  victim?: { readonly step: Pick<StepRecord, 'name' | 'kind'>; readonly fault: Fault },
): Trial {
  const { state, reason, blockedOn } = record;
  const ledger = ledgerOf(participant, sagaId);
  const ending = victim ? endingOf(victim.step.kind, victim.fault) : 'complete';
  const wrong = [
    ...(closed === undefined || closed === 'COMPLETED' ? [] : [`Temporal closed the workflow as ${closed}`]),
    ...ENDINGS[ending]({ record, ledger, participant, step: victim?.step.name }),
    ...(victim?.fault === 'refused' && ending === 'undone' ? reasonProblem(reason, participant, victim.step.name) : []),
    ...participant.mismatches.filter((call) => call.includes(sagaId)).map((call) => `${call} came with another input`),
  ];
  const what = victim ? `${victim.step.name}, ${victim.fault}` : 'all well';
  return {
    sagaId,
    step: victim?.step.name,
    fault: victim?.fault,
    state,
    reason,
    blockedOn,
    ledger,
    findings: wrong.map((problem) => `${what}: ${problem}`),
  };
}

const ledgerOf = ({ ledger }: Participant, sagaId: string): Record<string, string> =>
  Object.fromEntries(
    [...ledger].flatMap(([id, status]) => (id.startsWith(`${sagaId}/`) ? [[id.slice(sagaId.length + 1), status]] : [])),
  );

interface Run {
  readonly record: Outcome['record'];
  readonly ledger: Readonly<Record<string, string>>;
  readonly participant: Participant;
  /** The failing step. */
  readonly step: string | undefined;
}

const ENDINGS: Readonly<Record<Ending, (run: Run) => string[]>> = {
  complete: ({ record: { state, steps, deadLetters }, ledger }) => [
    ...(state === 'COMPLETED' ? [] : [`the saga is ${state}, not COMPLETED`]),
    ...deadLetters.map((name) => `${name} is a dead letter`),
    ...steps
      .filter(({ name, status }) => status === 'completed' && ledger[name] !== 'applied')
      .map(({ name }) => `${name} is completed, and its effect is ${ledger[name] ?? 'not there'}`),
  ],
  undone: ({ record: { state, steps, waivers }, ledger, participant }) => {
    const known = new Set([...steps.map(({ name }) => name), ...participant.undoable]);
    const alive = [...known].filter((name) => ledger[name] === 'applied');
    return [
      ...(state === 'FAILED' ? [] : [`the saga is ${state}, not FAILED`]),
      ...alive.map((name) => `the effect of ${name} is still there`),
      ...waivers.map(({ step }) => `${step} was waived`),
    ];
  },
  forward: ({ record: { state, blockedOn, deadLetters }, ledger, participant, step = '' }) => [
    ...(blockedOn === step || (state === 'COMPLETED' && deadLetters.includes(step))
      ? []
      : [`the saga is ${state}: it neither waits for an operator at ${step} nor lists it as a dead letter`]),
    ...[...participant.undoable]
      .filter((name) => ledger[name] === 'undone' || ledger[name] === 'fenced')
      .map((name) => `${name} was undone, although the saga only goes forward`),
  ],
};

function reasonProblem(reason: string | null, { scripts }: Participant, step: string): string[] {
  const code = scripts.get(step)?.refusal;
  if (reason === code) return [];
  return [`the reason is ${reason}, not ${code}: is that among the refusals of its call?`];
}
