/** The report: Markdown and charts, and the numbers they were made from. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format } from 'prettier';
import { barChart, lineChart } from './chart.js';
import type { Extras } from './extras.js';
import { NAMES, type Figures } from './figures.js';
import type { Judged } from './goals.js';
import type { Machine } from './machine.js';
import type { HistoryFacts } from './histories.js';
import { ownCpu, type Run } from './measure.js';
import type { Rounds } from './rounds.js';
import type { Part } from './stage.js';
import { median, percentile, spreadOf, type Spread } from './statistics.js';
import type { Variant } from './variants.js';

export interface Report {
  readonly circumstances: {
    readonly began: Date;
    readonly minutes: number;
    readonly rounds: number;
    readonly scale: number;
    /** Of the machine, before the benchmark began. */
    readonly others: number;
    readonly machine: Machine;
  };
  readonly variants: readonly Variant[];
  readonly measured: Rounds;
  readonly extras: Extras;
  readonly figures: Figures;
  readonly judged: readonly Judged[];
  readonly orders: number;
}

const FOLDER = path.join(import.meta.dirname, 'results');
const PARTS: readonly Part[] = ['temporal', 'worker', 'postgres', 'participants', 'client'];
const FLIGHTS = [1, 10, 50, 200];

const short = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2));
const shown = ({ median, min, max }: Spread): string =>
  min === max ? short(median) : `${short(median)} (${short(min)}–${short(max)})`;

const shownOrNot = (seen: Spread | undefined): string => (seen ? shown(seen) : 'not measured');

export function goalLine({ id, goal, seen, verdict }: Judged): string {
  const wanted = goal.max === undefined ? `≥ ${goal.min ?? ''}` : `≤ ${goal.max}`;
  const meanwhile =
    verdict === 'accepted' ? `, ${goal.accepted?.value ?? ''} accepted: ${goal.accepted?.why ?? ''}` : '';
  return `${verdict.padEnd(8)} ${id.padEnd(20)} ${shown(seen).padEnd(24)} goal ${wanted}${meanwhile}`;
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

const runsOf = ({ runs }: Rounds, variant: string, inFlight: number): readonly Run[] =>
  runs.filter((run) => run.variant === variant && run.inFlight === inFlight);
const over = (runs: readonly Run[], read: (run: Run) => number): string =>
  runs.length === 0 ? '' : short(median(runs.map(read)));

function goalsTable({ judged }: Report): string {
  const rows = judged.map(({ goal, seen, verdict }) => [
    goal.says,
    shown(seen),
    goal.max === undefined ? `≥ ${goal.min ?? ''}` : `≤ ${goal.max}`,
    verdict === 'accepted' ? `no: ${goal.accepted?.why ?? ''}` : verdict === 'reached' ? 'yes' : 'no',
  ]);
  return table(['what', 'median (range)', 'goal', 'reached'], rows);
}

function throughputTable({ variants, measured }: Report): string {
  const rows = variants.map(({ name, what }) => [
    `**${name}**: ${what}`,
    ...FLIGHTS.map((inFlight) => over(runsOf(measured, name, inFlight), ({ perSecond }) => perSecond)),
  ]);
  return table(['orders per second', ...FLIGHTS.map((inFlight) => `${inFlight} in flight`)], rows);
}

function latencyTable({ variants, measured }: Report): string {
  const rows = variants.flatMap(({ name }) =>
    FLIGHTS.flatMap((inFlight) => {
      const latencies = runsOf(measured, name, inFlight).flatMap((run) => run.latencies);
      if (latencies.length === 0) return [];
      const at = [percentile(latencies, 0.5), percentile(latencies, 0.95), Math.max(...latencies)];
      return [[name, String(inFlight), ...at.map((value) => value.toFixed(0))]];
    }),
  );
  return table(['milliseconds', 'in flight', 'p50', 'p95', 'max'], rows);
}

function cpuTable({ variants, measured }: Report): string {
  const rows = variants.map(({ name }) => {
    const runs = runsOf(measured, name, 50);
    return [name, ...PARTS.map((part) => over(runs, ({ cpu }) => cpu[part])), `**${over(runs, ownCpu)}**`];
  });
  const head = ['ms of processor time per order, 50 in flight', ...PARTS, 'temporal + worker + postgres'];
  return table(head, rows);
}

function historyTable({ variants, measured }: Report): string {
  const rows = variants.flatMap(({ name }) => {
    const facts = measured.facts.get(name);
    if (!facts) return [];
    const at = (read: (fact: HistoryFacts) => number): string => median(facts.map(read)).toFixed(0);
    return [[name, at(({ events }) => events), at(({ bytes }) => bytes), at(({ actions }) => actions)]];
  });
  return table(['per order', 'events', 'bytes of history', 'billable Actions'], rows);
}

function extrasTable({ extras, measured, figures }: Report): string {
  const { items, server, held, backlog, replay } = extras;
  const cpuOf = (name: string): number => median(runsOf(measured, name, 50).map(ownCpu));
  const rows = [
    [
      'the journal and the read model add',
      `${short(cpuOf(NAMES.on) - cpuOf(NAMES.off))} ms of processor time per order`,
    ],
    ['a queue for each service adds, to the bare workflow', `${shownOrNot(figures['apart.cpu'])} × processor time`],
    [
      'a POST to the API, up to its 202',
      `p50 ${short(backlog.api.p50)} ms, p95 ${short(backlog.api.p95)} ms, ${short(backlog.api.cpu)} ms of processor time, ${short(backlog.api.statements)} statements on PostgreSQL`,
    ],
    ['an order that waits, in the worker', `${(held.bytesPerOrder / 1024).toFixed(0)} KB (${held.orders} held)`],
    [
      `${backlog.orders} orders that waited for a worker`,
      `${short(backlog.perSecond)}/s; steady ${short(backlog.steady)}/s`,
    ],
    [`${replay.histories} histories replayed`, `${short(replay.seconds)} s`],
    ['history of an order of 50 products, of one', `${items.fifty} and ${items.one} bytes`],
    [
      "npm start's Temporal, untuned dev server: bare workflow",
      `p50 alone ${short(server.tuned.p50)} and ${short(server.plain.p50)} ms; ${short(server.tuned.perSecond)}/s and ${short(server.plain.perSecond)}/s at 50 in flight`,
    ],
  ];
  return table(['once', 'measured'], rows);
}

function charts(report: Report): void {
  const { variants, measured } = report;
  const bars = variants
    .filter(({ name }) => runsOf(measured, name, 50).length > 0)
    .map(({ name }) => ({
      name,
      parts: (['temporal', 'worker', 'postgres'] as const).map((part) =>
        median(runsOf(measured, name, 50).map(({ cpu }) => cpu[part])),
      ),
    }));
  const title = 'Processor time per order, 50 in flight (ms)';
  writeFileSync(path.join(FOLDER, 'cpu.svg'), barChart(title, ['Temporal', 'worker', 'PostgreSQL'], bars));
  const lines = [NAMES.bare, NAMES.off, NAMES.on].map((name) => ({
    name,
    points: FLIGHTS.map((inFlight) => median(runsOf(measured, name, inFlight).map(({ perSecond }) => perSecond))),
  }));
  writeFileSync(
    path.join(FOLDER, 'throughput.svg'),
    lineChart('Orders per second by orders in flight', FLIGHTS, lines),
  );
}

function text(report: Report): string {
  const { circumstances, orders, figures } = report;
  const { began, minutes, rounds, scale, others, machine } = circumstances;
  const meanwhile = shown(spreadOf(report.measured.runs.map((run) => run.others * 100)));
  const noise = (id: string): string => shownOrNot(figures[id]);
  return `# What an order costs

Made by \`npm run bench\`, ${began.toISOString().slice(0, 10)}, in ${minutes.toFixed(0)} minutes; ${rounds} interleaved rounds${scale === 1 ? '' : `, ${scale} × the usual number of orders`}.
${machine.cores}, ${machine.memory}, ${machine.system}, Node ${machine.node}, Temporal ${machine.temporal}, PostgreSQL ${machine.postgres}.
Others used ${(others * 100).toFixed(0)} % of the machine before it began, and ${meanwhile} % meanwhile. The oracle compared the verdicts of all ${orders} orders with the books of the four services.

An order has three products. Everybody makes the same four HTTP calls to the same services, on one machine that also runs
Temporal, the databases and whoever places the orders. Ratios are medians of paired rounds, with the range beside them. **Read
the ratios; absolute numbers are this machine's.** The bare workflow against itself in the same rounds, which is what noise
looks like: processor time ${noise('noise.cpu')}, throughput ${noise('noise.throughput')}, latency alone ${noise('noise.p50')}.

## Goals

${goalsTable(report)}

## Processor time

![Processor time per order](cpu.svg)

${cpuTable(report)}

\`participants\` (the services and their database) and \`client\` (who places the orders) do the same for everybody, and are
left out of all ratios.

## Throughput

![Throughput](throughput.svg)

${throughputTable(report)}

## Latency

${latencyTable(report)}

## Histories

${historyTable(report)}

## Once

${extrasTable(report)}
`;
}

export async function writeReport(report: Report): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  charts(report);
  const options = { parser: 'markdown', printWidth: 120 };
  writeFileSync(path.join(FOLDER, 'README.md'), await format(text(report), options));
  const { circumstances, measured, extras, figures } = report;
  const runs = measured.runs.map(({ latencies, ...run }) => ({
    ...run,
    p50: percentile(latencies, 0.5),
    p95: percentile(latencies, 0.95),
    max: Math.max(...latencies),
  }));
  const facts = Object.fromEntries(measured.facts);
  const numbers = JSON.stringify({ circumstances, figures, extras, facts, runs }, (_key, value: unknown) =>
    typeof value === 'number' ? Math.round(value * 1000) / 1000 : value,
  );
  writeFileSync(path.join(FOLDER, 'results.json'), await format(numbers, { parser: 'json', printWidth: 120 }));
}
