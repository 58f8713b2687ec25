/**
 * Reads books and verdicts in an order that is right under traffic, and lets the oracle compare them.
 *
 * Nothing here can be read at one instant, so a value that is read first may be out of date when the rest is read:
 *
 *   1. Effects are read first, verdicts afterwards: an effect that was seen then has an owner that is known now, and a
 *      saga that still runs now was running then. Only a saga that *ended* between the two readings can look wrong.
 *   2. So a difference is a suspicion at first. The sagas that it names are read again in the other order: the verdict by
 *      id first, then the effects by id. A final verdict never changes, and its saga does nothing more, so a contradiction
 *      to a final verdict in this order is real.
 *   3. A suspect that is still running may move between its own two readings, and an index of verdicts may lag behind;
 *      therefore the second look is repeated, with a pause, and only differences that every look shows are reported.
 *
 * On a system at rest the first look is exact, and it is the only one if the books agree.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { inParallel } from '../platform/in-parallel.js';
import type { Effect, KnownSaga, OtherSaga, Verdict, Stock, WaivedStep } from './books.js';
import { isOther, ownerOf } from './books.js';
import { compareSagas } from './compare-books.js';
import { compareStock } from './compare-stock.js';
import type { Difference } from './difference.js';
import type { ServiceUrls } from './read-books.js';
import { readBooks, readEffectsOf, readStock } from './read-books.js';

/** A source of verdicts: Temporal, a read model, or a test that knows them. */
export interface VerdictSource {
  /** Every known saga. It may lag behind, for example because of an index. */
  all(): Promise<KnownSaga[]>;
  /** The saga's verdict now, `undefined` if there is no such saga. It must not lag. */
  of(sagaId: string): Promise<KnownSaga | undefined>;
}

export interface Audit {
  readonly differences: readonly Difference[];
  readonly waivers: readonly (WaivedStep & { readonly sagaId: string })[];
  readonly effects: readonly Effect[];
  readonly verdicts: readonly Verdict[];
  /** Sagas of other types. Their effects are not compared with verdicts, but their held stock counts. */
  readonly others: readonly OtherSaga[];
}

export interface AuditOptions {
  /** How many looks must show a suspicion before it is reported; at least 1. */
  readonly looks?: number;
  readonly pauseMs?: number;
}

/** Sagas that are looked at at the same time. */
const AT_ONCE = 10;

interface Reading {
  effects: Effect[];
  stock: Stock;
  verdicts: Map<string, KnownSaga>;
}

export async function auditBooks(
  urls: ServiceUrls,
  source: VerdictSource,
  { looks = 4, pauseMs = 500 }: AuditOptions = {},
): Promise<Audit> {
  const { effects, stock } = await readBooks(urls);
  const known = await source.all();
  const reading: Reading = { effects, stock, verdicts: new Map(known.map((verdict) => [verdict.sagaId, verdict])) };
  let differences = compare(reading);
  for (let look = 1; look < looks && differences.length > 0; look += 1) {
    await pause(pauseMs);
    await lookAgain(urls, source, reading, differences);
    differences = compare(reading);
  }
  const { verdicts, effects: ofOrders, others } = split(reading);
  const waivers = verdicts.flatMap(({ sagaId, waivers: own }) => own.map((waiver) => ({ sagaId, ...waiver })));
  return { differences, waivers, effects: ofOrders, verdicts, others };
}

/** Stock is compared as it was read in one go; the effects of single sagas may have been read again since. */
const compare = (reading: Reading): Difference[] => [...compareSagas(split(reading)), ...compareStock(reading.stock)];

/** Separates the orders' verdicts and effects from those of other sagas. */
function split({ effects, verdicts: known }: Reading) {
  const verdicts: Verdict[] = [];
  const others: OtherSaga[] = [];
  for (const saga of known.values()) {
    if (isOther(saga)) others.push(saga);
    else verdicts.push(saga);
  }
  const foreign = new Set(others.map(({ sagaId }) => sagaId));
  return { verdicts, others, effects: effects.filter((effect) => !foreign.has(ownerOf(effect))) };
}

async function lookAgain(
  urls: ServiceUrls,
  source: VerdictSource,
  reading: Reading,
  differences: readonly Difference[],
): Promise<void> {
  const suspects = new Set(differences.flatMap(({ sagaId }) => (sagaId === null ? [] : [sagaId])));
  if (differences.some(({ kind }) => kind === 'stock')) reading.stock = await readStock(urls);
  await inParallel(AT_ONCE, [...suspects], (sagaId) => lookAtSaga(urls, source, reading, sagaId));
}

async function lookAtSaga(urls: ServiceUrls, source: VerdictSource, reading: Reading, sagaId: string): Promise<void> {
  const verdict = await source.of(sagaId);
  const effects = await readEffectsOf(urls, sagaId);
  if (verdict === undefined) reading.verdicts.delete(sagaId);
  else reading.verdicts.set(sagaId, verdict);
  reading.effects = [...reading.effects.filter((effect) => ownerOf(effect) !== sagaId), ...effects];
}
