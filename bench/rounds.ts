/** Interleaved rounds: in each, every variant runs every load once, in an order that turns from round to round. */
import { auditBooks } from '../src/oracle/audit.js';
import { sagaIdOf } from '../src/order.js';
import { historyFacts, type HistoryFacts } from './histories.js';
import { measure, ownCpu, type Ledger, type Load, type Run } from './measure.js';
import { percentile } from './statistics.js';
import type { Stage } from './stage.js';
import type { Variant } from './variants.js';

export interface Planned {
  readonly variant: Variant;
  /** A second run of the same variant in the same round, which shows what is noise. */
  readonly again?: boolean;
  readonly loads: readonly Load[];
}

export interface Rounds {
  readonly runs: readonly Run[];
  /** Of some orders of each variant. */
  readonly facts: ReadonlyMap<string, readonly HistoryFacts[]>;
}

/** Histories that are looked at, per run of many. */
const LOOKED_AT = 3;

export async function runRounds(
  stage: Stage,
  plan: readonly Planned[],
  rounds: number,
  ledger: Ledger,
  say: (line: string) => void,
): Promise<Rounds> {
  const runs: Run[] = [];
  const facts = new Map<string, HistoryFacts[]>();
  say('warming up');
  for (const { variant, again } of plan) {
    if (!again) await measure(stage, variant, { inFlight: 10, orders: 20 }, -1, ledger);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const load of loadsOf(plan)) {
      for (const { variant, again, loads } of turned(plan, round)) {
        const own = loads.find(({ inFlight }) => inFlight === load.inFlight);
        if (!own) continue;
        const { run, orders } = await measure(stage, variant, own, round, ledger);
        const name = again ? `${variant.name}, again` : variant.name;
        runs.push({ ...run, variant: name });
        say(lineOf(round, { ...run, variant: name }));
        for (const order of variant.workflowOf && !again ? orders.slice(0, LOOKED_AT) : []) {
          facts.set(name, [...(facts.get(name) ?? []), await historyFacts(stage.client, sagaIdOf(order.orderId))]);
        }
      }
    }
    await requireRightBooks(stage, ledger);
    say(`round ${round + 1}: the books agree with the verdicts of all ${ledger.size} orders`);
  }
  return { runs, facts };
}

function loadsOf(plan: readonly Planned[]): readonly Load[] {
  const byFlight = new Map(plan.flatMap(({ loads }) => loads).map((load) => [load.inFlight, load]));
  return [...byFlight.values()].sort((a, b) => a.inFlight - b.inFlight);
}

function turned<T>(all: readonly T[], by: number): readonly T[] {
  const at = by % all.length;
  return [...all.slice(at), ...all.slice(0, at)];
}

function lineOf(round: number, run: Run): string {
  const p50 = percentile(run.latencies, 0.5).toFixed(0).padStart(6);
  const speed = run.perSecond.toFixed(1).padStart(7);
  const cpu = ownCpu(run).toFixed(1).padStart(6);
  const what = `${run.variant.padEnd(22)} ${String(run.inFlight).padStart(3)} in flight`;
  return `round ${round + 1}  ${what} ${speed}/s  p50 ${p50} ms  cpu ${cpu} ms`;
}

/** A fast wrong order is a failure: every verdict that was given so far, against the books of the four services. */
export async function requireRightBooks({ urls }: Stage, ledger: Ledger): Promise<void> {
  const source = { all: async () => [...ledger.values()], of: async (sagaId: string) => ledger.get(sagaId) };
  const { differences } = await auditBooks(urls, source);
  if (differences.length === 0) return;
  const first = differences.slice(0, 5).map(({ sentence }) => sentence);
  throw new Error(`${differences.length} differences between books and verdicts: ${first.join(' ')}`);
}
