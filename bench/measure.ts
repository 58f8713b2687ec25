/** One run: so many orders with so many in flight, and what they took. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Order } from '../src/order.js';
import type { Verdict } from '../src/oracle/books.js';
import { busyTicks, TICK_MS } from './cpu.js';
import { makeOrder } from './orders.js';
import type { Part, Stage } from './stage.js';
import type { Variant } from './variants.js';

export interface Load {
  readonly inFlight: number;
  readonly orders: number;
}

export interface Run {
  readonly variant: string;
  readonly round: number;
  readonly inFlight: number;
  readonly perSecond: number;
  /** Milliseconds from before the start to the known end, order by order. */
  readonly latencies: readonly number[];
  /** Milliseconds of processor time per order. */
  readonly cpu: Readonly<Record<Part, number>>;
  /** The share of the machine that was busy with something else meanwhile. */
  readonly others: number;
}

/** What the last order leaves to be done behind the scenes (visibility, the journal's tail) belongs to its run. */
const AFTERMATH_MS = 250;

/** What was promised so far; the oracle compares it with the books. */
export type Ledger = Map<string, Verdict>;

/** Any order that fails ends the benchmark. */
export async function measure(
  stage: Stage,
  variant: Variant,
  { inFlight, orders: count }: Load,
  round: number,
  ledger: Ledger,
): Promise<{ readonly run: Run; readonly orders: readonly Order[] }> {
  const orders = Array.from({ length: count }, () => makeOrder(variant.destination));
  await variant.prepare(orders);
  await pause(AFTERMATH_MS);
  const latencies: number[] = [];
  const left = [...orders];
  const [before, machineBefore] = [stage.cpu(variant.workers), busyTicks()];
  const started = performance.now();
  const slot = async (): Promise<void> => {
    for (let order = left.pop(); order; order = left.pop()) {
      const begun = performance.now();
      const verdict = await variant.run(order);
      latencies.push(performance.now() - begun);
      ledger.set(verdict.sagaId, verdict);
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, slot));
  const seconds = (performance.now() - started) / 1000;
  await pause(AFTERMATH_MS);
  const [after, machineAfter] = [stage.cpu(variant.workers), busyTicks()];
  const cpu = Object.fromEntries(
    Object.entries(after).map(([part, value]) => [part, (value - before[part as Part]) / count]),
  ) as Record<Part, number>;
  const own = (Object.values(cpu).reduce((sum, each) => sum + each, 0) * count) / TICK_MS;
  const all = Math.max(1, machineAfter.all - machineBefore.all);
  const others = Math.max(0, (machineAfter.busy - machineBefore.busy - own) / all);
  const run = { variant: variant.name, round, inFlight, perSecond: count / seconds, latencies, cpu, others };
  return { run, orders };
}

/** What orchestration costs: the services and who places the orders do the same for everybody, and are left out. */
export const ownCpu = ({ cpu }: Pick<Run, 'cpu'>): number => cpu.temporal + cpu.worker + cpu.postgres;
