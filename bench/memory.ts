/** `npm run bench -- memory`: what an order that waits keeps in a worker's memory, and what that is, into `bench/profiles/`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import type { Child } from './children.js';
import { holdMany, probeSchema, slope, type HeldResult, type Sample } from './extras/held.js';
import { describeMachine } from './machine.js';
import type { Ledger } from './measure.js';
import { growth, readHeap, type Heap } from './memory/snapshot.js';
import { requireRightBooks } from './rounds.js';
import { say, session } from './session.js';
import type { Stage } from './stage.js';

const FOLDER = path.join(import.meta.dirname, 'profiles');
const MOST_MINUTES = 15;
/** Bytes of resident memory per order. */
const GOAL = 300 * 1024;
const LARGEST = 15;
/** Bytes per order: smaller parts are left out. */
const WORTH_A_LINE = 4 * 1024;

const kilobytes = (bytes: number): string => (bytes / 1024).toFixed(0);
const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);

const COLUMNS = [
  ['before', 'resident before the collection'],
  ['rss', 'resident'],
  ['workflows', "the workflows' JavaScript"],
  ['main', "the activities' and the SDK's"],
  ['external', 'buffers'],
  ['native', 'outside of V8'],
] as const satisfies readonly (readonly [keyof Sample, string])[];

function samplesTable(samples: readonly Sample[]): string {
  const row = (name: string, cells: readonly string[]): string => `| ${[name, ...cells].join(' | ')} |`;
  return [
    row(
      'orders held, MB',
      COLUMNS.map(([, title]) => title),
    ),
    row(
      '---',
      COLUMNS.map(() => '---'),
    ),
    ...samples.map((each) =>
      row(
        String(each.held),
        COLUMNS.map(([name]) => megabytes(each[name])),
      ),
    ),
    row(
      '**KB per order**',
      COLUMNS.map(([name]) => `**${kilobytes(slope(samples, name))}**`),
    ),
  ].join('\n');
}

function growthTable(title: string, all: ReturnType<typeof growth>): string {
  const rows = all.map(({ name, count, bytes }) => `| ${name} | ${count.toFixed(1)} | ${kilobytes(bytes)} |`);
  return [`| ${title} | objects per order | KB per order |`, '|---|---|---|', ...rows].join('\n');
}

/** The snapshot of the thread that runs the workflows. */
async function snapshot(worker: Child, folder: string): Promise<Heap> {
  mkdirSync(folder);
  const { threads } = probeSchema.parse(await worker.ask({ memory: folder }));
  const workflows = threads.find(({ thread }) => thread !== 0);
  return readHeap(path.join(folder, `thread-${workflows?.thread ?? 0}.heapsnapshot`));
}

interface Measured {
  readonly stage: Stage;
  readonly others: number;
  readonly result: HeldResult;
  readonly held: Heap;
  readonly empty: Heap;
}

async function writeReport({ stage, others, result, held, empty }: Measured): Promise<void> {
  const { cores, memory, node, temporal } = describeMachine(stage.program);
  const { orders, samples } = result;
  const constructors = growth(empty.byName, held.byName, orders).slice(0, LARGEST);
  const ways = growth(empty.byWay, held.byWay, orders).filter(({ bytes }) => bytes >= WORTH_A_LINE);
  const text = `# What an order that waits keeps in a worker's memory

Made by \`npm run bench -- memory\`, ${new Date().toISOString().slice(0, 10)}; ${cores}, ${memory}, Node ${node}, Temporal ${temporal}; others used
${(others * 100).toFixed(0)} % of the machine before. A worker as \`npm start\` runs it held orders that wait for an approval. Each figure is taken
after a garbage collection in all of its threads, and the figure per order is the slope.

${samplesTable(samples)}

What the snapshot of the workflows' heap has with ${orders} orders held, less what it has when they have ended. Self sizes:

${growthTable('constructor', constructors)}

Retained sizes from 4 KB on, by the way from the root of the heap (a \`›\` leads from what retains to what is retained):

${growthTable('retained', ways)}
`;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(path.join(FOLDER, 'memory.md'), await format(text, { parser: 'markdown', printWidth: 120 }));
  say('written to bench/profiles/memory.md');
}

/** Exit code 1 if an order keeps more than 300 KB. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { orders: { type: 'string', default: '300' } } });
  return session(MOST_MINUTES, async (stage, others) => {
    const ledger: Ledger = new Map();
    const heaps = new Map<string, Heap>();
    // Writing a snapshot leaves memory behind, so that both are taken when all is measured.
    const result = await holdMany(stage, Number(values.orders), ledger, async (worker, when) => {
      heaps.set(when, await snapshot(worker, path.join(stage.folder, `heap-${when}`)));
    });
    await requireRightBooks(stage, ledger);
    say(samplesTable(result.samples));
    const [held, empty] = [heaps.get('held'), heaps.get('empty')];
    if (held && empty) await writeReport({ stage, others, result, held, empty });
    const isWithin = result.bytesPerOrder <= GOAL;
    say(`an order that waits: ${kilobytes(result.bytesPerOrder)} KB, ${isWithin ? 'within' : 'above'} 300`);
    return isWithin ? 0 : 1;
  });
}
