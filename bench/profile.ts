/** `npm run bench -- profile`: where the worker's time goes, and what the cheap things come to, into `bench/profiles/`. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format } from 'prettier';
import { z } from 'zod';
import { readArguments } from './arguments.js';
import type { Child } from './children.js';
import { NAMES } from './figures.js';
import { measure, type Ledger } from './measure.js';
import { commitsOf } from './postgres-commits.js';
import { requireRightBooks } from './rounds.js';
import { say, session } from './session.js';
import type { Stage } from './stage.js';
import { saga } from './variants.js';

const FOLDER = path.join(import.meta.dirname, 'profiles');
const MOST_MINUTES = 15;

const profile = z.object({
  nodes: z.array(z.object({ id: z.number(), callFrame: z.object({ functionName: z.string(), url: z.string() }) })),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

/** The first that fits. What is not JavaScript (Temporal's core, in Rust) is in no such profile. */
const WHERE: readonly (readonly [string, RegExp])[] = [
  ['garbage collection', /\(garbage collector\)/],
  ['waiting', /\(idle\)|\(program\)|\(root\)/],
  ['saga library and workflow, in the isolate', /workflow-bundle|\/dist\/(saga|workflows)\//],
  ['journal', /\/dist\/journal\/|activities\/(journal|breaker)/],
  ['activities', /\/dist\/activities\//],
  ['orders table', /\/dist\/orders\//],
  ['pg', /node_modules\/pg/],
  ['zod', /node_modules\/zod/],
  ['fetch', /undici|node:_http|node:internal\/(http|streams|url|webstreams|deps)/],
  ['protobuf', /protobuf|@temporalio\/proto/],
  ['Temporal SDK', /@temporalio/],
  ['log', /pino|sonic|thread-stream/],
  ['sockets', /node:(net|internal\/stream|internal\/js_stream|dgram|tls|buffer)/],
  ['start-up', /node:internal\/modules|node:vm|node:fs/],
];

interface Profiled {
  readonly name: string;
  readonly orders: number;
  /** Milliseconds of the worker process per order, Rust included. */
  readonly worker: number;
  /** Milliseconds of JavaScript per order. */
  readonly where: ReadonlyMap<string, number>;
  readonly statements: number;
  readonly connections: number;
}

/** Self time by place, of all threads. */
function readProfiles(folder: string, orders: number): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const file of readdirSync(folder)) {
    const { nodes, samples, timeDeltas } = profile.parse(JSON.parse(readFileSync(path.join(folder, file), 'utf8')));
    const places = new Map(
      nodes.map(({ id, callFrame: { functionName, url } }) => {
        const text = `${functionName} ${url}`;
        return [id, WHERE.find(([, pattern]) => pattern.test(text))?.[0] ?? 'other'];
      }),
    );
    samples.forEach((id, at) => {
      const place = places.get(id) ?? 'other';
      sums.set(place, (sums.get(place) ?? 0) + (timeDeltas[at] ?? 0) / 1000 / orders);
    });
  }
  sums.delete('waiting');
  return sums;
}

/** TCP connections that this machine has accepted so far. */
function accepted(): number {
  const lines = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'));
  const [names = [], values = []] = lines.map((line) => line.split(' '));
  return Number(values[names.indexOf('PassiveOpens')]);
}

async function profileWorker(
  stage: Stage,
  { name, journal, country }: { name: string; journal: boolean; country: 'AT' | 'AQ' },
  orders: number,
  ledger: Ledger,
): Promise<Profiled> {
  const folder = path.join(stage.folder, `profile-${name.replaceAll(/\W+/g, '-')}`);
  const worker: Child = await stage.startUnwind({}, ['--cpu-prof', `--cpu-prof-dir=${folder}`]);
  const variant = saga(stage, name, '', { journal }, country, worker);
  await measure(stage, variant, { inFlight: 10, orders: 10 }, -1, ledger);
  const [commits, connections] = [await commitsOf(stage.databaseUrl), accepted()];
  const { run } = await measure(stage, variant, { inFlight: 20, orders }, 0, ledger);
  const opened = accepted() - connections;
  const statements = ((await commitsOf(stage.databaseUrl)) - commits) / orders;
  await worker.stop();
  // The profile covers the warming up, too.
  return {
    name,
    orders,
    worker: run.cpu.worker,
    where: readProfiles(folder, orders + 10),
    statements,
    connections: opened,
  };
}

/** From the fork to the worker that polls, with the bundle of the build and without one. */
async function startTimes(stage: Stage): Promise<{ readonly prebuilt: number; readonly bundled: number }> {
  const begun = performance.now();
  await (await stage.startUnwind()).stop();
  const prebuilt = performance.now() - begun;
  const again = performance.now();
  await (await stage.startUnwind({}, ['--import', './bench/without-bundle.mjs'])).stop();
  return { prebuilt, bundled: performance.now() - again };
}

function table(all: readonly Profiled[]): string {
  const places = [...new Set(all.flatMap(({ where }) => [...where.keys()]))];
  const most = (place: string): number => Math.max(...all.map(({ where }) => where.get(place) ?? 0));
  const rows = places
    .sort((a, b) => most(b) - most(a))
    .map((place) => `| ${place} | ${all.map(({ where }) => (where.get(place) ?? 0).toFixed(2)).join(' | ')} |`);
  const head = `| milliseconds per order | ${all.map(({ name }) => name).join(' | ')} |`;
  const worker = `| **the whole process, Rust included** | ${all.map((each) => each.worker.toFixed(1)).join(' | ')} |`;
  const statements = `| transactions on Unwind's PostgreSQL | ${all.map((each) => each.statements.toFixed(1)).join(' | ')} |`;
  const sockets = `| connections accepted by anybody during ${all[0]?.orders ?? 0} orders | ${all.map((each) => each.connections).join(' | ')} |`;
  return [head, `|---|${all.map(() => '---').join('|')}|`, ...rows, worker, statements, sockets].join('\n');
}

export async function main(args: readonly string[]): Promise<number> {
  const { scale } = readArguments(args);
  return session(MOST_MINUTES, async (stage, others) => {
    const ledger: Ledger = new Map();
    const orders = Math.ceil(200 * scale);
    const all: Profiled[] = [];
    for (const each of [
      { name: NAMES.off, journal: false, country: 'AT' },
      { name: NAMES.on, journal: true, country: 'AT' },
      { name: NAMES.compensated, journal: true, country: 'AQ' },
    ] as const) {
      all.push(await profileWorker(stage, each, orders, ledger));
      say(`${each.name}: ${all.at(-1)?.worker.toFixed(1)} ms per order in the worker`);
    }
    await requireRightBooks(stage, ledger);
    const { prebuilt, bundled } = await startTimes(stage);
    const text = `# Where the worker's time goes

Made by \`npm run bench -- profile\`, ${new Date().toISOString().slice(0, 10)}; ${orders} orders each, 20 in flight, others used ${(others * 100).toFixed(0)} % of the
machine. JavaScript by self time, from the profiles that Node writes (\`--cpu-prof\`); what it costs to profile is in it.

${table(all)}

From the start of the worker's process until it polls, and its end: ${prebuilt.toFixed(0)} ms with the bundle that the build has made,
${bundled.toFixed(0)} ms where it bundles the workflows itself.
`;
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(path.join(FOLDER, 'worker.md'), await format(text, { parser: 'markdown', printWidth: 120 }));
    say('written to bench/profiles/worker.md');
    return 0;
  });
}
