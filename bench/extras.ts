/** What is measured once, after the rounds. */
import type { Child } from './children.js';
import { drainBacklog, type BacklogResult } from './extras/backlog.js';
import { holdMany, type HeldResult } from './extras/held.js';
import { compareItems, type ItemsComparison } from './extras/items.js';
import { compareServers, type ServerComparison } from './extras/plain-server.js';
import { replayMany, type ReplayResult } from './extras/replays.js';
import type { Figures } from './figures.js';
import type { Ledger } from './measure.js';
import { requireRightBooks } from './rounds.js';
import type { Stage } from './stage.js';
import { spreadOf } from './statistics.js';
import type { Variant } from './variants.js';

export interface Extras {
  readonly items: ItemsComparison;
  readonly server: ServerComparison;
  readonly held: HeldResult;
  readonly backlog: BacklogResult;
  readonly replay: ReplayResult;
}

const SERVER_ROUNDS = 3;

export async function runExtras(
  stage: Stage,
  { unwind, happy }: { readonly unwind: Child; readonly happy: Variant },
  scale: number,
  ledger: Ledger,
  say: (line: string) => void,
): Promise<Extras> {
  const many = (count: number): number => Math.max(10, Math.round(count * scale));
  const items = await compareItems(stage, happy, ledger);
  say(`an order of fifty products: ${items.fifty} bytes of history, of one: ${items.one}`);
  const server = await compareServers(stage, SERVER_ROUNDS, scale, ledger);
  say(
    `tuned server: ${server.throughput.median.toFixed(2)} × the throughput, ${server.p50.median.toFixed(2)} × the p50`,
  );
  await unwind.stop();
  const held = await holdMany(stage, many(300), ledger);
  const again = await stage.startUnwind();
  say(`an order that waits: ${(held.bytesPerOrder / 1024).toFixed(0)} KB of the worker's memory`);
  const worker = { stop: () => again.stop(), start: () => stage.startUnwind() };
  const before = ledger.size;
  const backlog = await drainBacklog(stage, happy, worker, many(2000), ledger);
  say(`backlog of ${backlog.orders}: ${backlog.perSecond.toFixed(1)}/s, steady ${backlog.steady.toFixed(1)}/s`);
  const sagaIds = [...ledger.keys()].slice(before).slice(0, many(500));
  const replay = await replayMany(stage, sagaIds);
  say(`${replay.histories} histories replayed in ${replay.seconds.toFixed(1)} s`);
  await requireRightBooks(stage, ledger);
  say(`the books agree with the verdicts of all ${ledger.size} orders`);
  return { items, server, held, backlog, replay };
}

export const figuresOfExtras = ({ items, server, backlog, replay }: Extras): Figures => ({
  'items.bytes': spreadOf([items.ratio]),
  'server.p50': server.p50,
  'server.throughput': server.throughput,
  'backlog.drain': spreadOf([backlog.ratio]),
  'replay.seconds': spreadOf([replay.seconds]),
});
